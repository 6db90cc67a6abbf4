using System.Collections.Immutable;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>
/// Tries whether a model takes several tokens after a cache. An exporter that has seen one new token only may have left
/// out the mask between new tokens, and such a file computes something else without an error.
/// </summary>
internal sealed class CacheTrial(
    InterventionSession session,
    PromptBatch batch,
    ImmutableArray<ScheduledSite> sites,
    ImmutableArray<CachePair> cache,
    CacheForm form
)
{
    /// <summary>How many tokens a prompt must have to be tried with.</summary>
    public const int Shortest = Past + 2;

    private const int Length = 8;
    private const int Past = 3;

    // Rounding is below 1e-3 of the largest logit, also with weights of 4 bits; a missing mask is far above.
    private const float Tolerance = 1e-2f;

    /// <summary>Whether the logits after the prompt's beginning are the same, read at once and in two parts.</summary>
    public bool Run(CancellationToken cancellation)
    {
        var text = batch.Prompts[0].AsSpan(0, Math.Min(Length, batch.Longest)).ToImmutableArray();
        using var whole = Decoder(text);
        using var first = Decoder(text[..Past]);
        using var rest = Decoder(text);
        using var expected = whole.ReadPrompt(cancellation);
        first.ReadPrompt(cancellation).Dispose();
        using var read = first.Release();
        rest.Continue(read, Past);
        using var actual = rest.ReadPrompt(cancellation);
        return LogitDistance.Of(Last(actual), Last(expected)) <= Tolerance;
    }

    private TextDecoder Decoder(ImmutableArray<int> text) =>
        new(session, new PromptBatch([text], batch.PadsLeft, batch.Inputs), sites, cache, form, text.Length);

    private static ReadOnlySpan<float> Last(TensorValue logits) => logits.Floats[^(int)logits.Shape[^1]..];
}
