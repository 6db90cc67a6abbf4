using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of an autoencoder's latents: z = ReLU((x − b_d) Eᵀ + b_e), and z Dᵀ + b_d back (pyvene's
/// <c>AutoencoderLayer</c>).
/// </summary>
public sealed record AutoencoderIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="encoder">E, <c>[latents, width]</c>.</param>
    /// <param name="encoderBias">b_e, <c>[latents]</c>.</param>
    /// <param name="decoder">D, <c>[width, latents]</c>.</param>
    /// <param name="decoderBias">b_d, <c>[width]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public AutoencoderIntervention(
        NumericArray encoder,
        NumericArray encoderBias,
        NumericArray decoder,
        NumericArray decoderBias
    )
        : base(
            InterventionType.Autoencoder,
            new(SizesOf(encoder, "autoencoder.encoder.0.weight").Columns, encoder.Shape[0]),
            ("autoencoder.encoder.0.weight", encoder),
            ("autoencoder.encoder.0.bias", encoderBias),
            ("autoencoder.decoder.0.weight", decoder),
            ("autoencoder.decoder.0.bias", decoderBias)
        ) { }
}
