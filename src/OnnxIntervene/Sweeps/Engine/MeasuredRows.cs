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

    /// <summary>Computes logits at the measured token, as many rows at once as memory holds.</summary>
    /// <param name="group">The rows.</param>
    /// <param name="stream">Their streams, <c>[row, width]</c>.</param>
    /// <param name="vocabulary">How many tokens there are.</param>
    /// <param name="measure">Receives each row's logits; NaN where they are not wanted.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public void Measure(
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
