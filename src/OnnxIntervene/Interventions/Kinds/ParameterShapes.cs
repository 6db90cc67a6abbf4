using System.Collections.Immutable;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The parameters of each kind, by pyvene's names (peft's for LoRA, pyreft's for LoReFT), and their shapes.
/// </summary>
public static class ParameterShapes
{
    /// <summary>The rotation: <c>[width, latents]</c>, orthonormal columns.</summary>
    public const string Rotation = "rotate_layer.weight";

    /// <summary>How sharp a soft mask or boundary is, <c>[1]</c>.</summary>
    public const string Temperature = "temperature";

    /// <summary>
    /// Every parameter of a kind with its shape, in a fixed order; none where the kind computes without.
    /// </summary>
    public static ImmutableArray<(string Name, ImmutableArray<int> Shape)> Of(
        InterventionType type,
        InterventionSizes sizes
    )
    {
        var (width, latents, input) = sizes;
        return type switch
        {
            InterventionType.RotatedSpace or InterventionType.LowRankRotatedSpace => [(Rotation, [width, latents])],
            InterventionType.BoundlessRotatedSpace =>
            [
                (Rotation, [width, latents]),
                ("intervention_boundaries", [1]),
                (Temperature, [1]),
            ],
            InterventionType.SigmoidMask => [("mask", [width]), (Temperature, [1])],
            InterventionType.SigmoidMaskRotatedSpace =>
            [
                (Rotation, [width, latents]),
                ("masks", [latents]),
                (Temperature, [1]),
            ],
            InterventionType.PCARotatedSpace =>
            [
                ("pca_components", [latents, width]),
                ("pca_mean", [width]),
                ("pca_std", [width]),
            ],
            InterventionType.Autoencoder =>
            [
                ("autoencoder.encoder.0.weight", [latents, width]),
                ("autoencoder.encoder.0.bias", [latents]),
                ("autoencoder.decoder.0.weight", [width, latents]),
                ("autoencoder.decoder.0.bias", [width]),
            ],
            InterventionType.JumpReLUAutoencoder =>
            [
                ("W_enc", [width, latents]),
                ("W_dec", [latents, width]),
                ("threshold", [latents]),
                ("b_enc", [latents]),
                ("b_dec", [width]),
            ],
            InterventionType.LoRA =>
            [
                ("lora_A.weight", [latents, input]),
                ("lora_B.weight", [width, latents]),
                ("scaling", [1]),
            ],
            InterventionType.LoReFT =>
            [
                (Rotation, [width, latents]),
                ("learned_source.weight", [latents, width]),
                ("learned_source.bias", [latents]),
            ],
            InterventionType.ProjectOut => [("directions", [latents, width])],
            _ => [],
        };
    }
}
