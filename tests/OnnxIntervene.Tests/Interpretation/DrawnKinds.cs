using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// Every kind, in an order of its own: a new kind comes last, so that the seeds of the others keep their runs.
/// </summary>
internal static class DrawnKinds
{
    private static readonly InterventionType[] s_first =
    [
        InterventionType.Vanilla,
        InterventionType.Addition,
        InterventionType.Subtraction,
        InterventionType.Zero,
        InterventionType.Mean,
        InterventionType.Noise,
        InterventionType.Collect,
        InterventionType.Skip,
        InterventionType.RotatedSpace,
        InterventionType.LowRankRotatedSpace,
        InterventionType.BoundlessRotatedSpace,
        InterventionType.SigmoidMask,
        InterventionType.SigmoidMaskRotatedSpace,
        InterventionType.PCARotatedSpace,
        InterventionType.Autoencoder,
        InterventionType.JumpReLUAutoencoder,
        InterventionType.LoRA,
        InterventionType.LoReFT,
        InterventionType.ProjectOut,
        InterventionType.ConstantSource,
        InterventionType.Lambda,
        InterventionType.Custom,
    ];

    public static InterventionType[] All { get; } = [.. s_first.Union(InterventionType.All)];

    /// <summary>What draws of the kind are seeded with.</summary>
    public static int NumberOf(InterventionType kind) => Array.IndexOf(All, kind);
}
