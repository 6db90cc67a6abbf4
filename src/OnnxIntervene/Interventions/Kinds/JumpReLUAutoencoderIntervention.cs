using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of a sparse autoencoder's latents: z = (xE + b_e) where that exceeds θ, else 0, and zD + b_d back (Gemma
/// Scope,
/// Lieberum et al. 2024; its files' names).
/// </summary>
public sealed record JumpReLUAutoencoderIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="encoder">E (<c>W_enc</c>), <c>[width, latents]</c>.</param>
    /// <param name="decoder">D (<c>W_dec</c>), <c>[latents, width]</c>.</param>
    /// <param name="threshold">θ, <c>[latents]</c>.</param>
    /// <param name="encoderBias">b_e (<c>b_enc</c>), <c>[latents]</c>.</param>
    /// <param name="decoderBias">b_d (<c>b_dec</c>), <c>[width]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public JumpReLUAutoencoderIntervention(
        NumericArray encoder,
        NumericArray decoder,
        NumericArray threshold,
        NumericArray encoderBias,
        NumericArray decoderBias
    )
        : base(
            InterventionType.JumpReLUAutoencoder,
            new(SizesOf(encoder, "W_enc").Rows, encoder.Shape[1]),
            ("W_enc", encoder),
            ("W_dec", decoder),
            ("threshold", threshold),
            ("b_enc", encoderBias),
            ("b_dec", decoderBias)
        ) { }
}
