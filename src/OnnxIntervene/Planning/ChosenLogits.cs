using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>The positions of each example at which a run wants logits.</summary>
internal static class ChosenLogits
{
    /// <summary>The positions from the start, integers <c>[batch, chosen]</c>; null where all are wanted.</summary>
    /// <exception cref="InterventionException">A position is not in the text.</exception>
    public static NumericArray? Of(RunRequest request, LocationFinder finder)
    {
        if (request.Settings.LogitPositions is not { } wanted)
            return null;
        var found = finder.Find(wanted, request.Base, s_place)!;
        var batch = request.Base.BatchSize;
        var rows = Enumerable.Range(0, batch).Select(found.UnitsOf).ToList();
        if (rows.Any(row => row.Length != rows[0].Length))
            throw new InterventionException("Logits must be wanted at the same number of positions in every example.");
        foreach (var position in rows.SelectMany(row => row))
        {
            if (position >= request.Base.Length)
                throw new InterventionException(
                    $"Logits are wanted at position {position}; the inputs have the positions 0 to "
                        + $"{request.Base.Length - 1}."
                );
        }

        return NumericArray.Of(
            rows.SelectMany(row => row).Select(position => (long)position).ToArray(),
            batch,
            rows[0].Length
        );
    }

    private static readonly RepresentationConfig s_place = new() { Component = "logits" };
}
