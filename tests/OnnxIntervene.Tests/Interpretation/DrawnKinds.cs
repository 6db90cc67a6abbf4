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
        InterventionType.ConditionalAddition,
        InterventionType.NormPreservingAddition,
        InterventionType.Clamp,
    ];

    public static InterventionType[] All { get; } = [.. s_first.Union(InterventionType.All)];

    /// <summary>The kinds that may stand beside one in a run: a kind that came later changes no run of it.</summary>
    public static InterventionType[] Beside(InterventionType kind) =>
        All[..(Math.Max(NumberOf(InterventionType.Custom), NumberOf(kind)) + 1)];

    /// <summary>What draws of the kind are seeded with.</summary>
    public static int NumberOf(InterventionType kind) => Array.IndexOf(All, kind);
}
