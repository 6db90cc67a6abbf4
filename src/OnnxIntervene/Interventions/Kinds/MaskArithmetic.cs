using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Soft masks over dimensions (pyvene, models/interventions.py).</summary>
internal static class MaskArithmetic
{
    /// <summary>(1 − m) x + m s with m = σ(mask / T).</summary>
    public static Value SoftlyMasked(KindRows rows) =>
        Mix(
            rows,
            rows.Sigmoid(rows.Div(rows.Parameter("mask"), rows.Parameter(ParameterShapes.Temperature))),
            rows.Base,
            rows.Source!
        );

    /// <summary>(1 − share) x + share · s.</summary>
    public static Value Mix(KindRows rows, Value share, Value @base, Value source) =>
        rows.Ops.Add(rows.Ops.Mul(rows.Ops.Sub(rows.Number(1), share), @base), rows.Ops.Mul(share, source));
}
