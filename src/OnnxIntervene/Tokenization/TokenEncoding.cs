using System.Collections.Immutable;

namespace OnnxIntervene.Tokenization;

/// <summary>A text as tokens.</summary>
/// <param name="Ids">The tokens' numbers in the vocabulary.</param>
/// <param name="Offsets">The part of the text that each token covers.</param>
public sealed record TokenEncoding(ImmutableArray<int> Ids, ImmutableArray<TokenSpan> Offsets);
