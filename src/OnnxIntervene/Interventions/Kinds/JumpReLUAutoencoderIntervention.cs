using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of a sparse autoencoder's latents: z = (xE + b_e) where that exceeds θ, else 0, and zD + b_d back (Gemma
/// Scope, Lieberum et al. 2024; its files' names).
/// </summary>
public sealed record JumpReLUAutoencoderIntervention : Intervention
{
    private const string EncoderName = "W_enc";
    private const string DecoderName = "W_dec";
    private const string ThresholdName = "threshold";
    private const string EncoderBiasName = "b_enc";
    private const string DecoderBiasName = "b_dec";

    internal static InterventionType Kind { get; } =
        new("JumpReLUAutoencoder", Exchanged)
        {
            TakesInterchangeCount = false,
            Parameters =
            [
                new(EncoderName, sizes => [sizes.Width, sizes.Latents]),
                new(DecoderName, sizes => [sizes.Latents, sizes.Width]),
                new(ThresholdName, sizes => [sizes.Latents]),
                new(EncoderBiasName, sizes => [sizes.Latents]),
                new(DecoderBiasName, sizes => [sizes.Width]),
            ],
            Create = arrays => new JumpReLUAutoencoderIntervention(
                arrays[EncoderName],
                arrays[DecoderName],
                arrays[ThresholdName],
                arrays[EncoderBiasName],
                arrays[DecoderBiasName]
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="encoder">E (<c>W_enc</c>), <c>[width, latents]</c>.</param>
    /// <param name="decoder">D (<c>W_dec</c>), <c>[latents, width]</c>.</param>
    /// <param name="threshold">θ, <c>[latents]</c>.</param>
    /// <param name="encoderBias">b_e (<c>b_enc</c>), <c>[latents]</c>.</param>
    /// <param name="decoderBias">b_d (<c>b_dec</c>), <c>[width]</c>.</param>
    /// <exception cref="InterventionException">The shapes do not fit each other.</exception>
    public JumpReLUAutoencoderIntervention(
        NumericArray encoder,
        NumericArray decoder,
        NumericArray threshold,
        NumericArray encoderBias,
        NumericArray decoderBias
    )
        : base(
            Kind,
            new(SizesOf(encoder, EncoderName).Rows, encoder.Shape[1]),
            (EncoderName, encoder),
            (DecoderName, decoder),
            (ThresholdName, threshold),
            (EncoderBiasName, encoderBias),
            (DecoderBiasName, decoderBias)
        ) { }

    // The autoencoder's reconstruction error is not added back (pyvene, models/interventions.py).
    private static Value Exchanged(KindRows rows)
    {
        var latents = rows.Exchanged(value => Encoded(rows, value));
        return rows.Ops.Add(rows.MatMul(latents, rows.Parameter(DecoderName)), rows.Parameter(DecoderBiasName));
    }

    private static Value Encoded(KindRows rows, Value value)
    {
        var before = rows.Ops.Add(rows.MatMul(value, rows.Parameter(EncoderName)), rows.Parameter(EncoderBiasName));
        return rows.Ops.Where(
            rows.Ops.Emit("Greater", [before, rows.Parameter(ThresholdName)]),
            rows.Ops.Emit("Relu", [before]),
            rows.Number(0)
        );
    }
}

public sealed partial class InterventionType
{
    /// <summary>Interchange of the latents of a sparse autoencoder with JumpReLU.</summary>
    public static InterventionType JumpReLUAutoencoder => JumpReLUAutoencoderIntervention.Kind;
}
