using System.Collections.Immutable;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>How heads attend: scores of every head, means over prompts.</summary>
public sealed record PatternResult
{
    /// <summary>The layers, a row each.</summary>
    public required ImmutableArray<int> Layers { get; init; }

    /// <summary>A grid for each of <see cref="PatternScore.All"/>: layer (row) by head (column).</summary>
    public required ImmutableArray<StudyGrid> Grids { get; init; }

    /// <summary>The grid of a score.</summary>
    public StudyGrid Of(PatternScore score) => Grids[PatternScore.All.IndexOf(score)];

    /// <summary>
    /// The heads with the highest mean of a score, the highest first; heads without one are left out.
    /// </summary>
    public ImmutableArray<HeadAddress> Best(PatternScore score, int count)
    {
        var grid = Of(score);
        return
        [
            .. Layers
                .SelectMany(
                    (layer, row) => Enumerable.Range(0, grid.Layout.Columns.Length).Select(head => (layer, row, head))
                )
                .Where(place => float.IsFinite(grid.Mean[place.row, place.head]))
                .OrderByDescending(place => grid.Mean[place.row, place.head])
                .Take(count)
                .Select(place => new HeadAddress(place.layer, place.head)),
        ];
    }
}
