using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Normalizers;

/// <summary>Reads the normalizer of a <c>tokenizer.json</c>.</summary>
internal static class NormalizerReader
{
    public static Normalizer Read(JsonPlace json) =>
        TokenizerPart.Kind(json) switch
        {
            null when json.IsNothing => NormalizerSequence.None,
            "Sequence" => new NormalizerSequence([.. json["normalizers"].Items().Select(Read)]),
            "BertNormalizer" => Bert(json),
            "NFC" => new FormNormalizer(NormalForm.C, json.LaterFault()),
            "NFD" => new FormNormalizer(NormalForm.D, json.LaterFault()),
            "NFKC" => new FormNormalizer(NormalForm.KC, json.LaterFault()),
            "NFKD" => new FormNormalizer(NormalForm.KD, json.LaterFault()),
            "Lowercase" => new CharacterNormalizer(Words.Lowercase, json.LaterFault()),
            "StripAccents" => new CharacterNormalizer(CharacterNormalizer.WithoutMarks, json.LaterFault()),
            "Nmt" => new CharacterNormalizer(CharacterNormalizer.Cleaned, json.LaterFault()),
            "Strip" => new StripNormalizer(json["strip_left"].Flag(true), json["strip_right"].Flag(true)),
            "Prepend" => new PrependNormalizer(TokenizerPart.ShortText(json["prepend"]), json.LaterFault()),
            "Replace" => Replace(json),
            "Precompiled" => Map(json["precompiled_charsmap"]),
            "ByteLevel" => new ByteNormalizer(),
            _ => throw TokenizerPart.NotSupported(json, "a normalizer of this kind"),
        };

    private static BertNormalizer Bert(JsonPlace json)
    {
        var isLower = json["lowercase"].Flag(true);
        return new BertNormalizer(
            json["clean_text"].Flag(true),
            json["handle_chinese_chars"].Flag(true),
            json["strip_accents"].Flag(isLower),
            isLower,
            json.LaterFault()
        );
    }

    private static Normalizer Replace(JsonPlace json)
    {
        var content = TokenizerPart.ShortText(json["content"]);
        return BoundedPattern.Read(json["pattern"]) is { } pattern
            ? new ReplaceNormalizer(pattern, content, json.LaterFault())
            : NormalizerSequence.None;
    }

    private static Normalizer Map(JsonPlace json)
    {
        if (json.IsNothing)
            return NormalizerSequence.None;
        var text = json.Text("a map of characters in base 64");
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64String(text, bytes, out var count)
            ? new CharacterMap(bytes.AsSpan(0, count), isWholeGraphemes: true, json.LaterFault())
            : throw json.Fault("a map of characters is expected in base 64");
    }
}
