using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>
/// Units that one intervention writes twice. Where both writes have the same source, one is enough and neither hurts;
/// where sources differ, which one is left would depend on their order.
/// </summary>
internal static class RepeatedUnits
{
    /// <exception cref="InterventionException">A unit is written twice, from sources that differ.</exception>
    public static void Check(
        RepresentationConfig representation,
        Intervention intervention,
        ResolvedUnits written,
        ResolvedUnits? read,
        NumericArray? constant
    )
    {
        if (intervention.Type.ReadsOnly || written.Count == 0)
            return;
        var places = new Dictionary<(long, long, long), int>();
        for (var unit = 0; unit < written.Count; unit++)
        {
            var place = Place(written, unit);
            if (places.TryAdd(place, unit) || HasOneSource(intervention, places[place], unit, read, constant))
                continue;
            var (example, first, second) = place;
            throw new InterventionException(
                $"{representation}: the unit {(second < 0 ? $"{first}" : $"({first}, {second})")} of example {example} "
                    + "is written twice, from sources that differ; which one is left would depend on their order. "
                    + "Leave one out."
            );
        }
    }

    private static bool HasOneSource(
        Intervention intervention,
        int unit,
        int other,
        ResolvedUnits? read,
        NumericArray? constant
    ) =>
        !intervention.Type.FoldsUnits
        && !intervention.Type.CallsFunction
        && !intervention.IsSourceDrawn
        && (read is null || Place(read, unit) == Place(read, other))
        // A row for every unit stretches; several are one for each.
        && (constant is null || constant.Shape.Length < 2 || constant.Shape[^2] == 1);

    private static (long Example, long First, long Second) Place(ResolvedUnits units, int unit)
    {
        var size = units.Locations.Length / units.Count;
        var place = units.Locations.Span.Slice(unit * size, size);
        return (place[0], place[1], size > 2 ? place[2] : -1);
    }
}
