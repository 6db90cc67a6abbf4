using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tokenization;

/// <summary>On which side shorter texts of a batch are filled up.</summary>
public enum PaddingSide
{
    /// <summary>After the text: position 0 is its first token.</summary>
    Right,

    /// <summary>Before the text: the last position is its last token, as generation wants it.</summary>
    Left,
}

/// <summary>How several texts become a batch.</summary>
public sealed record BatchOptions
{
    /// <summary>The side on which shorter texts are filled up; right by default.</summary>
    public PaddingSide Side { get; init; }

    /// <summary>Whether the special tokens around a text are put there; they are by default.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>The token that fills up; else <see cref="Tokenizer.PaddingToken"/>.</summary>
    public int? PaddingToken { get; init; }
}

/// <summary>Several texts as tokens, filled up to the same length.</summary>
/// <param name="InputIds">The tokens' numbers, <c>[batch, position]</c>.</param>
/// <param name="AttentionMask">1 where a token is of the text, 0 where it fills up, <c>[batch, position]</c>.</param>
/// <param name="Encodings">Each text by itself, without what fills up.</param>
/// <param name="Side">The side that was filled up.</param>
public sealed record TokenBatch(
    NumericArray InputIds,
    NumericArray AttentionMask,
    ImmutableArray<TokenEncoding> Encodings,
    PaddingSide Side
)
{
    /// <summary>How many texts there are.</summary>
    public int Count => Encodings.Length;

    /// <summary>The position in the batch of a text's first token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such text.</exception>
    public int FirstPosition(int text)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(text, Count);
        return Side == PaddingSide.Left ? InputIds.Shape[1] - Encodings[text].Ids.Length : 0;
    }

    internal static TokenBatch Of(ImmutableArray<TokenEncoding> encodings, PaddingSide side, int padding)
    {
        var width = encodings.Max(encoding => encoding.Ids.Length);
        var (ids, mask) = (new long[encodings.Length * width], new long[encodings.Length * width]);
        Array.Fill(ids, padding);
        for (var row = 0; row < encodings.Length; row++)
        {
            var tokens = encodings[row].Ids;
            var start = (row * width) + (side == PaddingSide.Left ? width - tokens.Length : 0);
            for (var index = 0; index < tokens.Length; index++)
                (ids[start + index], mask[start + index]) = (tokens[index], 1);
        }

        return new TokenBatch(
            NumericArray.Of(ids, encodings.Length, width),
            NumericArray.Of(mask, encodings.Length, width),
            encodings,
            side
        );
    }
}
