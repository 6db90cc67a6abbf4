using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// New values with the length that x has: y |x| / |y|, which lies in the plane of x and what was added, so that x is
/// turned and not stretched (<c>normalize</c> of repeng's <c>set_control</c>; Zou et al. 2023).
/// </summary>
internal static class KeptNorm
{
    /// <summary>
    /// The rescaled values; in a subspace, the part in it keeps its own length. x stays where one of the two has
    /// none.
    /// </summary>
    public static Value Of(KindRows rows, Value changed)
    {
        var (before, after) = (rows.SumOfSquares(rows.Base), rows.SumOfSquares(changed));
        var (zero, one) = (rows.Number(0), rows.Number(1));
        var isDefined = rows.Ops.Emit("And", [rows.Greater(before, zero), rows.Greater(after, zero)]);

        // Ones in place of zeros keep the gradient finite there.
        var share = rows.Div(rows.Ops.Where(isDefined, before, one), rows.Ops.Where(isDefined, after, one));
        return rows.Ops.Where(isDefined, rows.Ops.Mul(changed, rows.Ops.Emit("Sqrt", [share])), rows.Base);
    }
}
