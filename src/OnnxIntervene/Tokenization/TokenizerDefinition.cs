using System.Collections.Immutable;

namespace OnnxIntervene.Tokenization;

/// <summary>What a folder's tokenizer files say.</summary>
internal sealed record TokenizerDefinition
{
    /// <summary>The model.</summary>
    public required TokenModel Model { get; init; }

    /// <summary>Tokens that are looked for in the text itself.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Special tokens put before a text.</summary>
    public ImmutableArray<int> Before { get; init; } = [];

    /// <summary>Special tokens put after a text.</summary>
    public ImmutableArray<int> After { get; init; } = [];
}
