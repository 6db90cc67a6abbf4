using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>x and s mixed dimension by dimension: (1 − m) x + m s with m = σ(mask / T).</summary>
public sealed record SigmoidMaskIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="mask">The mask before the sigmoid, <c>[width]</c>.</param>
    /// <param name="temperature">T, <c>[1]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public SigmoidMaskIntervention(NumericArray mask, NumericArray temperature)
        : base(
            InterventionType.SigmoidMask,
            new(mask?.Length ?? 0, mask?.Length ?? 0),
            ("mask", mask!),
            (ParameterShapes.Temperature, Single(temperature))
        ) { }
}
