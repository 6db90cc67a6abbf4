using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>The positions of each example at which a run wants logits.</summary>
internal static class ChosenLogits
{
    /// <summary>The positions from the start, integers <c>[batch, chosen]</c>; null where all are wanted.</summary>
    /// <exception cref="InterventionException">A position is not in the text.</exception>
    public static NumericArray? Of(
        RunRequest request,
        ComponentMap map,
        Func<Component, ModelInputs, bool, UnitExtent> count,
        LocationFinder finder
    )
    {
        if (request.Settings.LogitPositions is not { } wanted)
            return null;
        var place = new RepresentationConfig { Component = map.Model.Graph.Outputs[0].Name };
        var extent = count(map.Get(0, place.Component), request.Base, false);
        UnitRules.CheckExamples(place, wanted, extent);
        var found = finder.Find(wanted, request.Base, place, extent, extent.First)!;
        var batch = extent.Examples;
        var rows = Enumerable.Range(0, batch).Select(found.UnitsOf).ToList();
        if (rows.Any(row => row.Length != rows[0].Length))
            throw new InterventionException("Logits must be wanted at the same number of positions in every example.");
        foreach (var position in rows.SelectMany(row => row))
        {
            if (position >= extent.First)
                throw new InterventionException(
                    $"Logits are wanted at position {position}; the inputs have the positions 0 to "
                        + $"{extent.First - 1}."
                );
        }

        return NumericArray.Of(
            rows.SelectMany(row => row).Select(position => (long)position).ToArray(),
            batch,
            rows[0].Length
        );
    }
}
