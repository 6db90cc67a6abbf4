using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>The units that a site read in a run.</summary>
/// <param name="Locations">Which they are, as the site was fed them.</param>
/// <param name="Rows">Their values, one after the other, <c>[unit, width]</c>.</param>
internal readonly record struct ReadUnits(ReadOnlyMemory<long> Locations, NumericArray Rows);

/// <summary>Gathers what a generation's Collect interventions read, by intervention and text.</summary>
/// <param name="batch">The prompts.</param>
/// <param name="widths">For each intervention, how many numbers address a unit.</param>
internal sealed class CollectedTexts(PromptBatch batch, ImmutableArray<int> widths)
{
    private readonly List<CollectedStep>[] _steps =
    [
        .. Enumerable.Range(0, widths.Length * batch.Count).Select(_ => new List<CollectedStep>()),
    ];

    /// <summary>Takes what a run has read.</summary>
    /// <param name="run">The run's number.</param>
    /// <param name="read">What each intervention read.</param>
    /// <param name="texts">The texts that were read, row by row.</param>
    public void Add(int run, IReadOnlyList<ReadUnits> read, IReadOnlyList<IReadOnlyList<int>> texts)
    {
        for (var site = 0; site < read.Count; site++)
        {
            foreach (var row in Units(read[site].Locations, widths[site]).GroupBy(unit => unit.Row))
                _steps[(site * batch.Count) + row.Key].Add(Step(run, [.. row], read[site].Rows, texts[row.Key], site));
        }
    }

    /// <summary>What the interventions read of a text, in their order.</summary>
    public ImmutableArray<CollectedValues> Of(int row) =>
        [
            .. Enumerable
                .Range(0, widths.Length)
                .Select(site => new CollectedValues([.. _steps[(site * batch.Count) + row]])),
        ];

    private CollectedStep Step(
        int run,
        List<(int Row, int Position, int Unit)> units,
        NumericArray rows,
        IReadOnlyList<int> text,
        int site
    )
    {
        // Heads may be counted before positions; here a position's heads stand together.
        var places = units.GroupBy(unit => unit.Position).ToList();
        var width = rows.Shape.Skip(1).Aggregate(1, (product, size) => product * size);
        var values = places
            .SelectMany(place => place)
            .SelectMany(unit => rows.FloatMemory.Slice(unit.Unit * width, width).ToArray())
            .ToArray();
        int[] shape = widths[site] == 2 ? [places.Count] : [places.Count, units.Count / places.Count];
        ImmutableArray<int> positions = [.. places.Select(place => PositionIn(units[0].Row, run, place.Key))];
        return new CollectedStep(
            run,
            positions,
            [.. positions.Select(position => text[position])],
            NumericArray.Of(values, [.. shape, .. rows.Shape.Skip(1)])
        );
    }

    // A run that goes on from a cache counts from its own first token, and the prompt's counts padding.
    private int PositionIn(int row, int run, int position) =>
        run == 0 ? position - batch.OffsetOf(row) : batch.Prompts[row].Length + run - 1;

    private static IEnumerable<(int Row, int Position, int Unit)> Units(ReadOnlyMemory<long> locations, int width) =>
        Enumerable
            .Range(0, locations.Length / width)
            .Select(unit => ((int)locations.Span[unit * width], (int)locations.Span[(unit * width) + 1], unit));
}
