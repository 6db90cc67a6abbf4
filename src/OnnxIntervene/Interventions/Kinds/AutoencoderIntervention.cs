using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of an autoencoder's latents: z = ReLU((x − b_d) Eᵀ + b_e), and z Dᵀ + b_d back (pyvene's
/// <c>AutoencoderLayer</c>).
/// </summary>
public sealed record AutoencoderIntervention : Intervention
{
    private const string EncoderName = "autoencoder.encoder.0.weight";
    private const string EncoderBiasName = "autoencoder.encoder.0.bias";
    private const string DecoderName = "autoencoder.decoder.0.weight";
    private const string DecoderBiasName = "autoencoder.decoder.0.bias";

    internal static InterventionType Kind { get; } =
        new("Autoencoder", Exchanged)
        {
            FoldsUnits = true,
            TakesInterchangeCount = false,
            Parameters =
            [
                new(EncoderName, sizes => [sizes.Latents, sizes.Width]),
                new(EncoderBiasName, sizes => [sizes.Latents]),
                new(DecoderName, sizes => [sizes.Width, sizes.Latents]),
                new(DecoderBiasName, sizes => [sizes.Width]),
            ],
            Create = arrays => new AutoencoderIntervention(
                arrays[EncoderName],
                arrays[EncoderBiasName],
                arrays[DecoderName],
                arrays[DecoderBiasName]
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="encoder">E, <c>[latents, width]</c>.</param>
    /// <param name="encoderBias">b_e, <c>[latents]</c>.</param>
    /// <param name="decoder">D, <c>[width, latents]</c>.</param>
    /// <param name="decoderBias">b_d, <c>[width]</c>.</param>
    /// <exception cref="InterventionException">The shapes do not fit each other.</exception>
    public AutoencoderIntervention(
        NumericArray encoder,
        NumericArray encoderBias,
        NumericArray decoder,
        NumericArray decoderBias
    )
        : base(
            Kind,
            new(SizesOf(encoder, EncoderName).Columns, encoder.Shape[0]),
            (EncoderName, encoder),
            (EncoderBiasName, encoderBias),
            (DecoderName, decoder),
            (DecoderBiasName, decoderBias)
        ) { }

    // The autoencoder's reconstruction error is not added back (pyvene, models/interventions.py).
    private static Value Exchanged(KindRows rows)
    {
        var latents = rows.Exchanged(value => Encoded(rows, value));
        return rows.Ops.Add(
            rows.MatMulTransposed(latents, rows.Parameter(DecoderName)),
            rows.Parameter(DecoderBiasName)
        );
    }

    private static Value Encoded(KindRows rows, Value value)
    {
        var centred = rows.Ops.Sub(value, rows.Parameter(DecoderBiasName));
        var turned = rows.MatMulTransposed(centred, rows.Parameter(EncoderName));
        return rows.Ops.Emit("Relu", [rows.Ops.Add(turned, rows.Parameter(EncoderBiasName))]);
    }
}

public sealed partial class InterventionType
{
    /// <summary>Interchange of an autoencoder's latents.</summary>
    public static InterventionType Autoencoder => AutoencoderIntervention.Kind;
}
