using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>x and s mixed dimension by dimension: (1 − m) x + m s with m = σ(mask / T).</summary>
public sealed record SigmoidMaskIntervention : Intervention
{
    private const string MaskName = "mask";
    private const float FirstTemperature = 0.01f;

    internal static InterventionType Kind { get; } =
        new("SigmoidMask", rows => SoftMask.Mix(rows, SoftMask.Share(rows, MaskName), rows.Base, rows.Source!))
        {
            TakesSubspaces = false,
            Parameters = [new(MaskName, sizes => [sizes.Width], ParameterTraining.Plain), SoftMask.Temperature],
            Create = arrays => new SigmoidMaskIntervention(arrays[MaskName], arrays[SoftMask.TemperatureName]),
            Begin = start => new SigmoidMaskIntervention(
                KindStart.Filled(start.Width, 0),
                KindStart.Filled(1, FirstTemperature)
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="mask">The mask before the sigmoid, <c>[width]</c>.</param>
    /// <param name="temperature">T, <c>[1]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public SigmoidMaskIntervention(NumericArray mask, NumericArray temperature)
        : base(
            Kind,
            new(mask?.Length ?? 0, mask?.Length ?? 0),
            (MaskName, mask!),
            (SoftMask.TemperatureName, Single(temperature))
        ) { }
}

public sealed partial class InterventionType
{
    /// <summary>x and s mixed by a soft mask over dimensions.</summary>
    public static InterventionType SigmoidMask => SigmoidMaskIntervention.Kind;
}
