using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>What a piece of a SentencePiece model is; the numbers are the file's.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One token of a SentencePiece model.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>How a SentencePiece model treats a text before it looks for pieces.</summary>
internal sealed record SentencePieceNormalization
{
    /// <summary>The map of characters: the size of a trie, the trie, texts; empty where there is none.</summary>
    public ReadOnlyMemory<byte> CharacterMap { get; init; }

    /// <summary>Whether a space is put before a text.</summary>
    public bool AddsPrefix { get; init; } = true;

    /// <summary>Whether spaces at the ends, and those after a space, are removed.</summary>
    public bool RemovesExtraSpaces { get; init; } = true;

    /// <summary>Whether spaces become the mark <c>▁</c>.</summary>
    public bool EscapesSpaces { get; init; } = true;
}

/// <summary>
/// A trained SentencePiece model (github.com/google/sentencepiece, src/sentencepiece_model.proto), as
/// <c>tokenizer.model</c> holds it. Immutable.
/// </summary>
internal sealed record SentencePieceFile
{
    /// <summary>The algorithms of SentencePiece, by the file's numbers.</summary>
    public const int Unigram = 1;

    /// <summary>Byte-pair encoding.</summary>
    public const int BytePairs = 2;

    /// <summary>The tokens; a token's number is its place.</summary>
    public ImmutableArray<SentencePiece> Pieces { get; init; } = [];

    /// <summary>The number of the algorithm.</summary>
    public int Algorithm { get; init; } = Unigram;

    /// <summary>Whether characters in no piece become the tokens of their bytes.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>Whether a word's mark is at its end.</summary>
    public bool MarksWordEnds { get; init; }

    /// <summary>The number of the token that begins a text; negative for none.</summary>
    public long Beginning { get; init; } = 1;

    /// <summary>The number of the token that ends a text; negative for none.</summary>
    public long End { get; init; } = 2;

    /// <summary>What is done to a text first.</summary>
    public SentencePieceNormalization Normalization { get; init; } = new();

    /// <summary>Whether decoded texts are changed by a map of their own.</summary>
    public bool ChangesDecodedTexts { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">It is not such a file, or cut off.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SentencePieceFile Read(string path)
    {
        var bytes = RegularFile.ReadBytes(path, FileLimits.Text, message => new ModelFormatException(message));
        return new SentencePieceReader(what => new ModelFormatException($"'{path}': {what}.")).Model(bytes);
    }
}
