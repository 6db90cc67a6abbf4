using System.Collections.Immutable;
using OnnxIntervene.Tokenization.Decoders;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Normalizers;
using OnnxIntervene.Tokenization.Splitters;

namespace OnnxIntervene.Tokenization;

/// <summary>What a folder's tokenizer files say.</summary>
internal sealed record TokenizerDefinition
{
    /// <summary>What is done to a text before it is cut.</summary>
    public Normalizer Normalizer { get; init; } = NormalizerSequence.None;

    /// <summary>How a text is cut into pieces.</summary>
    public Splitter Splitter { get; init; } = SplitterSequence.None;

    /// <summary>How a piece becomes tokens.</summary>
    public required TokenModel Model { get; init; }

    /// <summary>How tokens become a text.</summary>
    public required TokenDecoder Decoder { get; init; }

    /// <summary>Tokens that are looked for in the text itself.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Special tokens put before a text.</summary>
    public ImmutableArray<int> Before { get; init; } = [];

    /// <summary>Special tokens put after a text.</summary>
    public ImmutableArray<int> After { get; init; } = [];
}
