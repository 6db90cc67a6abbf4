using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Rotated x and s mixed dimension by dimension, and rotated back: ((1 − m) xW + m sW) Wᵀ with m = σ(masks / T).
/// </summary>
public sealed record SigmoidMaskRotatedSpaceIntervention : Intervention
{
    private const string MasksName = "masks";
    private const float OpenMask = 100;
    private const float FirstTemperature = 50;

    internal static InterventionType Kind { get; } =
        new("SigmoidMaskRotatedSpace", rows => RotationParameter.Mixed(rows, SoftMask.Share(rows, MasksName)))
        {
            FoldsUnits = true,
            TakesSubspaces = false,
            Parameters =
            [
                RotationParameter.Description,
                new(MasksName, sizes => [sizes.Latents], ParameterTraining.Plain),
                SoftMask.Temperature,
            ],
            Create = arrays => new SigmoidMaskRotatedSpaceIntervention(
                arrays[RotationParameter.Name],
                arrays[MasksName],
                arrays[SoftMask.TemperatureName]
            ),
            Begin = start => new SigmoidMaskRotatedSpaceIntervention(
                start.Rotation(start.Width),
                KindStart.Filled(start.Width, OpenMask),
                KindStart.Filled(1, FirstTemperature)
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">W, <c>[width, width]</c> with orthonormal columns.</param>
    /// <param name="masks">The mask before the sigmoid, <c>[width]</c>.</param>
    /// <param name="temperature">T, <c>[1]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public SigmoidMaskRotatedSpaceIntervention(NumericArray weight, NumericArray masks, NumericArray temperature)
        : base(
            Kind,
            new(SizesOf(weight, RotationParameter.Name).Rows, weight.Shape[0]),
            (RotationParameter.Name, weight),
            (MasksName, masks),
            (SoftMask.TemperatureName, Single(temperature))
        ) { }
}

public sealed partial class InterventionType
{
    /// <summary>x and s mixed by a soft mask over rotated dimensions.</summary>
    public static InterventionType SigmoidMaskRotatedSpace => SigmoidMaskRotatedSpaceIntervention.Kind;
}
