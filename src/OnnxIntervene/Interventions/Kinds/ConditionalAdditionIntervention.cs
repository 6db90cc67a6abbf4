using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The source, times the coefficient, is added where x lies farther along a direction than a threshold: x · v &gt; θ,
/// asked at each unit for itself. (Conditional activation steering, Lee et al. 2024, asks once for a prompt, and
/// compares a cosine.)
/// </summary>
public sealed record ConditionalAdditionIntervention : Intervention
{
    private const string ThresholdName = "threshold";
    private const string NormName = "keep_norm";

    internal static InterventionType Kind { get; } =
        new("ConditionalAddition", Added)
        {
            HasCoefficient = true,
            IsPyvenes = false,
            Parameters =
            [
                UnitDirection.Parameter,
                new(ThresholdName, _ => [1]),
                new(NormName, _ => [1]) { IsOptional = true },
            ],
            Create = arrays => new ConditionalAdditionIntervention(
                arrays[UnitDirection.Name],
                Single(arrays[ThresholdName]).Floats[0],
                arrays.Number(NormName, 0) > 0
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="direction">v, <c>[width]</c>; it is made 1 long, so that θ is a length.</param>
    /// <param name="threshold">θ; below the threshold, and at it, x is left as it is.</param>
    /// <param name="keepsNorm">
    /// Whether the sum is rescaled to the length that x had, as <see cref="NormPreservingAdditionIntervention"/> does.
    /// </param>
    /// <exception cref="InterventionException">The direction is zero, or a number is not finite.</exception>
    public ConditionalAdditionIntervention(NumericArray direction, float threshold, bool keepsNorm = false)
        : base(
            Kind,
            new(direction?.Length ?? 0, direction?.Length ?? 0),
            (UnitDirection.Name, UnitDirection.Of(direction!)),
            (ThresholdName, NumericArray.Of(new[] { Finite(threshold) }, 1)),
            (NormName, NumericArray.Of(new[] { keepsNorm ? 1f : 0 }, 1))
        ) { }

    /// <summary>θ.</summary>
    public float Threshold => Parameters[ThresholdName].Floats[0];

    /// <summary>Whether the sum is rescaled to the length that x had.</summary>
    public bool KeepsNorm => Parameters[NormName].Floats[0] > 0;

    private static Value Added(KindRows rows)
    {
        var sum = rows.Ops.Add(rows.Base, rows.ScaledSource());
        var keepsNorm = rows.Greater(rows.Parameter(NormName), rows.Number(0));
        var added = rows.Ops.Where(keepsNorm, KeptNorm.Of(rows, sum), sum);
        var isAbove = rows.Greater(UnitDirection.Projection(rows), rows.Parameter(ThresholdName));
        return rows.Choose(rows.Ops.Where(isAbove, added, rows.Base), rows.Base);
    }

    private static float Finite(float threshold) =>
        float.IsFinite(threshold)
            ? threshold
            : throw new InterventionException(
                $"'{ThresholdName}' is {threshold}; a finite number is expected. An Addition has no condition."
            );
}

public sealed partial class InterventionType
{
    /// <summary>x + c · s where x · v &gt; θ, in S.</summary>
    public static InterventionType ConditionalAddition => ConditionalAdditionIntervention.Kind;
}
