using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>
/// Tries whether a session gives the same where each layer's present is written over the past of the layer before it.
/// The graph says that nothing reads that past any more, and ONNX Runtime may compute in another order than the file's.
/// </summary>
internal sealed class RotationTrial(InterventionSession session, PromptBatch batch, ImmutableArray<CachePair> cache)
{
    private const int Length = 2;
    private readonly PromptBatch _text = new(
        [
            [batch.Prompts[0][0]],
        ],
        batch.PadsLeft,
        batch.Inputs
    );
    private readonly string[] _outputs = [session.FirstOutput, .. cache.Select(pair => pair.Present)];

    /// <summary>Whether a token after a cache of one token has the same logits, and leaves the same cache.</summary>
    public bool Run(CancellationToken cancellation)
    {
        using var returned = new CacheTensors(session, cache, CacheForm.Returned, 1, Length);
        using var rotating = new CacheTensors(session, cache, CacheForm.Rotating, 1, Length);
        var prompt = Read(_text.Prompt(), returned, Length - 1, cancellation);
        prompt[0].Dispose();
        returned.After([.. prompt.Skip(1)]);
        rotating.Take(returned, Length - 1);
        var next = _text.Next([batch.Prompts[0][^1]], 1);
        var expected = TensorValue.Taken(Read(next, returned, Length, cancellation));
        var actual = TensorValue.Taken(Read(next, rotating, Length, cancellation));
        return expected.Zip(actual).All(pair => pair.First.Floats.SequenceEqual(pair.Second.Floats));
    }

    private IReadOnlyList<TensorValue> Read(
        ModelInputs inputs,
        CacheTensors tensors,
        int length,
        CancellationToken cancellation
    ) =>
        session.RunValues(
            inputs,
            SiteFeed.NeutralOf(session.Spliced),
            _outputs,
            NumericArray.Of(new long[1], 1, 1),
            ImmutableDictionary<string, NumericArray>.Empty,
            cancellation,
            tensors.Before(length)
        );
}
