using System.Collections.Immutable;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// What the logit lens shows: a row for the embedding (where it has the stream's width) and each layer.
/// </summary>
public sealed record LogitLensResult
{
    /// <summary>Where the stream was read.</summary>
    public required ImmutableArray<PositionColumn> Columns { get; init; }

    /// <summary>The metrics.</summary>
    public required ImmutableArray<Metric> Metrics { get; init; }

    /// <summary>Each metric's means over prompts, stream (row) by position (column).</summary>
    public required ImmutableArray<StudyGrid> Grids { get; init; }

    /// <summary>The lens's top token of each prompt, row by row, <c>[prompt][row × column]</c>.</summary>
    public required ImmutableArray<ImmutableArray<TopAnswer>> Tops { get; init; }

    /// <summary>
    /// How far the last layer's lens is from the model's own logits: the largest difference, in shares of the largest
    /// logit where that is above 1.
    /// </summary>
    public required double Difference { get; init; }

    /// <summary>The labels of the rows: <c>in</c> for the stream before the first layer, and layers.</summary>
    public ImmutableArray<string> Rows => Grids[0].Layout.Rows;
}
