using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Computes the logits of rows from what their streams are after the last layer.</summary>
/// <param name="setting">The sweep.</param>
/// <param name="outer">What computes logits.</param>
/// <param name="states">What the bases have.</param>
/// <param name="tokens">The tokens whose logits are wanted; empty for all.</param>
internal sealed class MeasuredRows(
    SweepSetting setting,
    OuterSegments outer,
    BaseStates states,
    ImmutableArray<int> tokens
)
{
    private const int MostLogits = 1 << 24;

    private bool ChoosesTokens => !tokens.IsEmpty && outer.ChoosesTokens;

    /// <summary>How many runs so many rows take.</summary>
    public int CountFor(int rows, int vocabulary) =>
        (rows + MostRows(rows, vocabulary) - 1) / MostRows(rows, vocabulary);

    /// <summary>Measures cells: rows group by group, and those that cannot differ as their bases.</summary>
    /// <param name="cells">The cells.</param>
    /// <param name="groups">The rows of those that can differ.</param>
    /// <param name="climb">Takes a group to its streams after the last layer, <c>[row, width]</c>.</param>
    /// <param name="runs">The bases' own logits.</param>
    /// <param name="measure">Receives each cell's logits; NaN where they are not wanted.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public void MeasureAll(
        IReadOnlyList<(int Number, SweepCell Cell)> cells,
        IEnumerable<ImmutableArray<StaircaseRow>> groups,
        Func<ImmutableArray<StaircaseRow>, NumericArray> climb,
        BaseRuns runs,
        CellMeasure measure,
        CancellationToken cancellation
    )
    {
        var run = new HashSet<int>();
        foreach (var group in groups)
        {
            Measure(group, climb(group), runs.Logits.Shape[1], measure, cancellation);
            run.UnionWith(group.Select(row => row.Number));
        }

        foreach (var (number, cell) in cells.Where(item => !run.Contains(item.Number)))
            measure(number, runs.LogitsOf(cell.Base));
    }

    // At the measured token, as many rows at once as memory holds.
    private void Measure(
        ImmutableArray<StaircaseRow> group,
        NumericArray stream,
        int vocabulary,
        CellMeasure measure,
        CancellationToken cancellation
    )
    {
        var width = states.Width;
        var most = MostRows(group.Length, vocabulary);
        for (var start = 0; start < group.Length; start += most)
        {
            var count = Math.Min(most, group.Length - start);
            var some = NumericArray.Of(stream.FloatMemory.Slice(start * width, count * width), count, 1, width);
            var bases = group.Skip(start).Take(count).Select(row => row.Cell.Base).ToList();
            var run = new SegmentRun(states.TokensOf(bases, setting.Measured, setting.Measured + 1), some);
            var rows = group.AsSpan().Slice(start, count);
            if (ChoosesTokens)
                Spread(rows, outer.Logits(run, tokens, cancellation), vocabulary, measure);
            else
                Measure(rows, outer.Logits(run, cancellation), measure);
        }
    }

    private int MostRows(int rows, int vocabulary) =>
        ChoosesTokens ? rows : Math.Clamp(MostLogits / vocabulary, 1, rows);

    private static void Measure(ReadOnlySpan<StaircaseRow> rows, NumericArray logits, CellMeasure measure)
    {
        var size = logits.Length / rows.Length;
        for (var row = 0; row < rows.Length; row++)
            measure(rows[row].Number, logits.Floats.Slice(row * size, size));
    }

    private void Spread(ReadOnlySpan<StaircaseRow> rows, NumericArray logits, int vocabulary, CellMeasure measure)
    {
        var all = new float[vocabulary];
        Array.Fill(all, float.NaN);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var index = 0; index < tokens.Length; index++)
                all[tokens[index]] = logits.Floats[(row * tokens.Length) + index];
            measure(rows[row].Number, all);
        }
    }
}
