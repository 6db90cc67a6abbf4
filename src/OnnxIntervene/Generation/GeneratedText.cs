using System.Collections.Immutable;

namespace OnnxIntervene.Generation;

/// <summary>What was generated after one prompt.</summary>
/// <param name="Prompt">The prompt's tokens.</param>
/// <param name="Tokens">The new tokens, the one that ended the text included.</param>
/// <param name="Text">
/// The new tokens as text, without special tokens and what ended it; null where there is no tokenizer beside the model.
/// </param>
/// <param name="Finish">Why it ended.</param>
public sealed record GeneratedText(
    ImmutableArray<int> Prompt,
    ImmutableArray<int> Tokens,
    string? Text,
    FinishReason Finish
)
{
    /// <summary>The logits of each new token, <c>[vocabulary]</c>; empty where they were not asked for.</summary>
    public ImmutableArray<float[]> Scores { get; init; } = [];

    /// <summary>What each Collect intervention read, in the configuration's order.</summary>
    public ImmutableArray<CollectedValues> Collected { get; init; } = [];
}
