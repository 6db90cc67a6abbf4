using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Distributed interchange (DAS, Geiger et al. 2023): x and s are rotated, the subspace is interchanged, the result
/// rotated back.
/// </summary>
public sealed record RotatedSpaceIntervention : Intervention
{
    internal static InterventionType Kind { get; } =
        new("RotatedSpace", Rotated)
        {
            FoldsUnits = true,
            Parameters = [RotationParameter.Description],
            Create = arrays => new RotatedSpaceIntervention(arrays[RotationParameter.Name]),
            Begin = start => new RotatedSpaceIntervention(start.Rotation(start.Width)),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">
    /// W, <c>[width, width]</c> with orthonormal columns; the width is that of all units of an example together.
    /// </param>
    /// <exception cref="InterventionException">The matrix is not square.</exception>
    public RotatedSpaceIntervention(NumericArray weight)
        : base(
            Kind,
            new(SizesOf(weight, RotationParameter.Name).Rows, weight.Shape[0]),
            (RotationParameter.Name, weight)
        ) { }

    // xW with the subspace of sW, back by Wᵀ.
    private static Value Rotated(KindRows rows)
    {
        var rotation = rows.Parameter(RotationParameter.Name);
        return rows.MatMulTransposed(rows.Exchanged(value => rows.MatMul(value, rotation)), rotation);
    }
}

public sealed partial class InterventionType
{
    /// <summary>DAS: x and s are rotated by W, S is interchanged, and the result is rotated back.</summary>
    public static InterventionType RotatedSpace => RotatedSpaceIntervention.Kind;
}
