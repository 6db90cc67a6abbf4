using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Interventions as pyvene initializes them: random rotations, half a boundary, open masks (models/interventions.py).
/// </summary>
public static class FreshIntervention
{
    /// <summary>A fresh intervention of a representation's kind. Rotations are drawn from a fixed seed.</summary>
    /// <param name="representation">The kind, and how many units are rotated together.</param>
    /// <param name="width">Elements of a unit.</param>
    /// <exception cref="InterventionException">The kind has parameters that cannot be guessed.</exception>
    public static Intervention Of(RepresentationConfig representation, int width)
    {
        ArgumentNullException.ThrowIfNull(representation);
        return representation.InterventionType.Fresh(Start(representation, width))
            ?? throw new InterventionException(
                $"{representation} needs parameters: give the intervention, or load it from a folder."
            );
    }

    /// <summary>Throws what <see cref="Of"/> would throw, without making a rotation.</summary>
    internal static void Check(RepresentationConfig representation, int width)
    {
        var type = representation.InterventionType;
        if (!type.FoldsUnits || type.Begin is null)
            Of(representation, width);
        else
            Start(representation, width);
    }

    /// <summary>Elements of a row of the kind: a unit's, times the units that it turns together.</summary>
    internal static int Width(RepresentationConfig representation, int width) =>
        representation.InterventionType.FoldsUnits
            ? SizeProduct.ToSize(
                $"{representation}: the width of its units together",
                width,
                Math.Max(1, representation.MaxNumberOfUnits)
            )
            : width;

    private static KindStart Start(RepresentationConfig representation, int width)
    {
        var type = representation.InterventionType;
        var folded = Width(representation, width);
        if (type.HasParameters && folded == 0)
            throw new InterventionException(
                $"{representation}: the width of '{representation.Component}' is unknown; give the intervention "
                    + $"with its parameters."
            );
        var rank = type.BeginsWithRank ? Rank(representation, folded) : 0;
        if (type.FoldsUnits && type.Begin is not null)
            KindStart.CheckRotation(folded, type.BeginsWithRank ? rank : folded);
        return new KindStart(folded, rank) { Source = representation.SourceRepresentation };
    }

    private static int Rank(RepresentationConfig representation, int width) =>
        representation.LowRankDimension is { } rank && rank > 0 && rank <= width
            ? rank
            : throw new InterventionException($"{representation} needs a low_rank_dimension from 1 to {width}.");
}
