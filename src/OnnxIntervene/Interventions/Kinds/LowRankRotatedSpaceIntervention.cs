using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Interchange along a few rotated dimensions: x + (sW − xW)Wᵀ.</summary>
public sealed record LowRankRotatedSpaceIntervention : Intervention
{
    internal static InterventionType Kind { get; } =
        new("LowRankRotatedSpace", Moved)
        {
            FoldsUnits = true,
            Parameters = [RotationParameter.Description],
            Create = arrays => new LowRankRotatedSpaceIntervention(arrays[RotationParameter.Name]),
            Begin = start => new LowRankRotatedSpaceIntervention(start.Rotation(start.Rank)),
            BeginsWithRank = true,
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">W, <c>[width, rank]</c> with orthonormal columns.</param>
    /// <exception cref="InterventionException">It is not a matrix.</exception>
    public LowRankRotatedSpaceIntervention(NumericArray weight)
        : base(
            Kind,
            new(SizesOf(weight, RotationParameter.Name).Rows, weight.Shape[1]),
            (RotationParameter.Name, weight)
        ) { }

    // x + (sW − xW)Wᵀ along the chosen columns.
    private static Value Moved(KindRows rows)
    {
        var rotation = rows.Parameter(RotationParameter.Name);
        var change = rows.Ops.Sub(rows.MatMul(rows.Source!, rotation), rows.MatMul(rows.Base, rotation));
        return rows.Ops.Add(rows.Base, rows.MatMulTransposed(rows.Chosen(change), rotation));
    }
}

public sealed partial class InterventionType
{
    /// <summary>x + (sW − xW)Wᵀ, of W's columns those in S.</summary>
    public static InterventionType LowRankRotatedSpace => LowRankRotatedSpaceIntervention.Kind;
}
