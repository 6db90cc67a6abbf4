using System.Collections.Immutable;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution;

/// <summary>
/// Shows on the model itself whether positions read later ones, as those of encoders and masked language models do:
/// with other tokens in one part of a text, the logits of another part stay as they are or do not.
/// </summary>
internal static class LaterPositions
{
    /// <summary>
    /// How far logits move when other tokens are, as <see cref="LogitDistance"/> tells it; 0 where the first output has
    /// no positions of the text. Two runs.
    /// </summary>
    /// <param name="session">The session; its sites do nothing.</param>
    /// <param name="text">The tokens.</param>
    /// <param name="rows">How many rows of the same text a run has; the first is looked at.</param>
    /// <param name="changed">Which tokens are others in the second run.</param>
    /// <param name="read">The positions whose logits are compared.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    public static double Distance(
        InterventionSession session,
        ImmutableArray<int> text,
        int rows,
        Range changed,
        Range read,
        CancellationToken cancellation
    )
    {
        var others = text.ToArray();
        foreach (ref var token in others.AsSpan(changed))
            token += token > 0 ? -1 : 1;
        var own = Logits(session, [.. text], rows, read, cancellation);
        var other = Logits(session, others, rows, read, cancellation);
        return own is null || other is null ? 0 : LogitDistance.Of(other, own);
    }

    private static float[]? Logits(
        InterventionSession session,
        int[] text,
        int rows,
        Range read,
        CancellationToken cancellation
    )
    {
        var (first, count) = read.GetOffsetAndLength(text.Length);
        var isChosen = session.Spliced.PositionsInput is not null;
        var logits = session.Run(
            ModelInputs.FromTokens([.. Enumerable.Repeat(text, rows)]),
            SiteFeed.NeutralOf(session.Spliced),
            [session.FirstOutput],
            Positions(rows, first, count),
            ImmutableDictionary<string, NumericArray>.Empty,
            cancellation
        )[0];
        if (
            logits.IsInteger
            || logits.Shape is not [var examples, var length, var width]
            || examples != rows
            || length != (isChosen ? count : text.Length)
        )
            return null;
        return logits.Floats.Slice(isChosen ? 0 : first * width, count * width).ToArray();
    }

    private static NumericArray Positions(int rows, int first, int count) =>
        NumericArray.Of(
            Enumerable.Range(0, rows * count).Select(index => (long)(first + (index % count))).ToArray(),
            rows,
            count
        );
}
