using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Splitters;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Decoders;

/// <summary>Reads the decoder of a <c>tokenizer.json</c> (github.com/huggingface/tokenizers, src/decoders).</summary>
internal static class DecoderReader
{
    /// <summary>Bytes in GPT-2's alphabet.</summary>
    public static readonly DecoderPart ByteLevel = new(() => new ByteLevelStep(), ShowBytes, Fuses: true);

    /// <summary>Bytes as tokens of their own.</summary>
    public static readonly DecoderPart ByteFallback = new(
        () => new ByteFallbackStep(),
        token => ByteFallbackStep.Byte(token) is { } code ? Shown([code]) : token
    );

    /// <summary>All tokens as one.</summary>
    public static readonly DecoderPart Fuse = new(() => new FuseStep(), token => token, Fuses: true, TakesParts: true);

    /// <summary>Words with spaces between them.</summary>
    public static readonly DecoderPart Spaces = Change(
        (token, isFirst) => isFirst ? token : $" {token}",
        token => token
    );

    /// <summary>The steps of a decoder.</summary>
    public static IEnumerable<DecoderPart> Read(JsonPlace json) =>
        TokenizerPart.Kind(json) switch
        {
            "Sequence" => json["decoders"].Items().SelectMany(Read).ToImmutableArray(),
            "ByteLevel" => [ByteLevel],
            "ByteFallback" => [ByteFallback],
            "Fuse" => [Fuse],
            "Metaspace" => [Metaspace(json)],
            "Replace" => Replace(json),
            "Strip" => [Strip(json)],
            "WordPiece" => [WordPiece(json.Find("prefix")?.Text() ?? "##", json["cleanup"].Flag(true))],
            "BPEDecoder" => [WordEnd(json.Find("suffix")?.Text() ?? "</w>")],
            _ => throw TokenizerPart.NotSupported(json, "a decoder of this kind"),
        };

    /// <summary>WordPiece: parts of words are joined, punctuation loses the space before it.</summary>
    public static DecoderPart WordPiece(string prefix, bool cleansUp) =>
        Change(
            (token, isFirst) =>
            {
                var isPart = !isFirst && token.StartsWith(prefix, StringComparison.Ordinal);
                var text =
                    isFirst ? token
                    : isPart ? token[prefix.Length..]
                    : $" {token}";
                return cleansUp ? CleanUp(text) : text;
            },
            token => token
        );

    /// <summary>A text in place of a character.</summary>
    public static DecoderPart Replace(char character, string content) =>
        new(
            () => new ChangeStep((token, _) => token.Replace(character.ToString(), content, StringComparison.Ordinal)),
            token => token.Replace(character.ToString(), content, StringComparison.Ordinal),
            TakesParts: true
        );

    /// <summary>A character is removed at the beginning.</summary>
    public static DecoderPart Strip(char character, int most) =>
        new(() => new StripStep(character, most), token => token, TakesParts: true);

    private static DecoderPart Change(Func<string, bool, string> change, Func<string, string> show) =>
        new(() => new ChangeStep(change), show);

    private static DecoderPart Metaspace(JsonPlace json)
    {
        var mark = SplitterReader.Mark(json).ToString();
        // The first token loses every mark, as in Hugging Face's decoder.
        var first = SplitterReader.Scheme(json) == PrependScheme.Never ? " " : "";
        return Change(
            (token, isFirst) => token.Replace(mark, isFirst ? first : " ", StringComparison.Ordinal),
            token => token.Replace(mark, " ", StringComparison.Ordinal)
        );
    }

    private static DecoderPart[] Replace(JsonPlace json)
    {
        var content = TokenizerPart.ShortText(json["content"]);
        var pattern = json["pattern"];
        if (pattern.WithObject()["String"] is { IsText: true } text && text.Text() is [var character])
            return [Replace(character, content)];
        if (BoundedPattern.Read(pattern) is not { } found)
            return [];
        var change = new Normalizers.ReplaceNormalizer(found, content, json.LaterFault());
        string Changed(string token) => change.Apply(TrackedText.Of(token, 0)).Text;
        return [Change((token, _) => Changed(token), Changed)];
    }

    private static DecoderPart Strip(JsonPlace json)
    {
        var character = TokenizerPart.Character(json["content"], ' ');
        var (start, stop) = (json["start"].Integer(0), json["stop"].Integer(0));
        if (stop == 0)
            return Strip(character, start);
        return Change(
            (token, _) =>
            {
                var (from, end) = (0, token.Length);
                while (from < Math.Min(start, token.Length) && token[from] == character)
                    from++;
                while (end > Math.Max(from, token.Length - stop) && token[end - 1] == character)
                    end--;
                return token[from..end];
            },
            token => token
        );
    }

    private static DecoderPart WordEnd(string mark) =>
        new(
            () => new WordEndStep(mark),
            token => mark.Length == 0 ? token : token.Replace(mark, " ", StringComparison.Ordinal)
        );

    private static string ShowBytes(string token) => ByteLevelStep.Bytes(token) is { } bytes ? Shown(bytes) : token;

    // Bytes that are not characters are shown by their numbers.
    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        while (bytes.Length > 0)
        {
            var isWhole =
                Rune.DecodeFromUtf8(bytes, out var rune, out var count) == System.Buffers.OperationStatus.Done;
            if (isWhole)
                text.Append(rune.ToString());
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{bytes[0]:X2}");
            bytes = bytes[(isWhole ? count : 1)..];
        }

        return text.ToString();
    }

    // Token by token, so only punctuation loses its space: github.com/huggingface/tokenizers, decoders/wordpiece.rs.
    private static string CleanUp(string text) =>
        new StringBuilder(text)
            .Replace(" .", ".")
            .Replace(" ?", "?")
            .Replace(" !", "!")
            .Replace(" ,", ",")
            .Replace(" ' ", "'")
            .Replace(" n't", "n't")
            .Replace(" 'm", "'m")
            .Replace(" do not", " don't")
            .Replace(" 's", "'s")
            .Replace(" 've", "'ve")
            .Replace(" 're", "'re")
            .ToString();
}
