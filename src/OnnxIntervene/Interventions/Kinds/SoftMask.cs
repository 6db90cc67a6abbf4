using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Soft choices between x and s, which several kinds share (pyvene, models/interventions.py).</summary>
internal static class SoftMask
{
    /// <summary>pyvene's name for the temperature.</summary>
    public const string TemperatureName = "temperature";

    /// <summary>How sharp the choice is: set by a schedule, never trained.</summary>
    public static KindParameter Temperature { get; } = new(TemperatureName, _ => [1]) { IsScalar = true };

    /// <summary>σ(mask / T).</summary>
    public static Value Share(KindRows rows, string mask) =>
        rows.Sigmoid(rows.Div(rows.Parameter(mask), rows.Parameter(TemperatureName)));

    /// <summary>(1 − share) x + share · s.</summary>
    public static Value Mix(KindRows rows, Value share, Value @base, Value source) =>
        rows.Ops.Add(rows.Ops.Mul(rows.Ops.Sub(rows.Number(1), share), @base), rows.Ops.Mul(share, source));
}
