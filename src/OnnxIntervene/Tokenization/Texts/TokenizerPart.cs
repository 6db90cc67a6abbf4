using OnnxIntervene.Json;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>What the parts of a <c>tokenizer.json</c> have in common: their kinds, and how they are refused.</summary>
internal static class TokenizerPart
{
    /// <summary>The highest number of a token; no model has so many.</summary>
    public const int HighestId = 10_000_000;

    /// <summary>The longest text that a part may put in place of another.</summary>
    public const int LongestText = 1024;

    private const string Supported =
        "Supported: byte-level BPE (GPT-2 style), BPE with byte fallback, Unigram, WordPiece and WordLevel, with the "
        + "normalizers and pre-tokenizers that these usually have. Give token ids instead of text";

    /// <summary>What a part of a tokenizer is; null where it is left out or does not say.</summary>
    public static string? Kind(JsonPlace json) => json.IsNothing ? null : json.WithObject().Find("type")?.Text();

    /// <summary>The exception for a part of a kind that is not known.</summary>
    public static Exception NotSupported(JsonPlace place, string what) =>
        place.Fault($"{what} is not supported, here {Shown(place)}. {Supported}");

    /// <summary>A text that is put in place of others.</summary>
    public static string ShortText(JsonPlace place) =>
        place.Text() is { Length: <= LongestText } text
            ? text
            : throw place.Fault($"a text has at most {LongestText} characters here");

    /// <summary>One character.</summary>
    public static char Character(JsonPlace place, char otherwise) =>
        place.IsNothing ? otherwise
        : place.Text("one character") is [var character] ? character
        : throw place.Expected("one character");

    private static string Shown(JsonPlace place) =>
        place.IsObject && place["type"] is { IsText: true } kind ? kind.Shown : place.Shown;
}
