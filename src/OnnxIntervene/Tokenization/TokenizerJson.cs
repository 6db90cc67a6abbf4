using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Decoders;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Normalizers;
using OnnxIntervene.Tokenization.Splitters;

namespace OnnxIntervene.Tokenization;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c> (github.com/huggingface/tokenizers).</summary>
internal static class TokenizerJson
{
    public static TokenizerDefinition Read(JsonPlace root)
    {
        var model = root.WithObject()["model"].WithObject("the model of a tokenizer");
        var (before, after) = SpecialTokens.Around(root["post_processor"]);
        var splitter = root["pre_tokenizer"];
        return new TokenizerDefinition
        {
            Normalizer = NormalizerReader.Read(root["normalizer"]),
            Splitter = SplitterReader.Read(splitter),
            Model = ModelReader.Read(model),
            Decoder = Decoder(root["decoder"], splitter, model),
            AddedTokens = AddedTokenList.Read(root["added_tokens"]),
            Before = before,
            After = after,
        };
    }

    private static TokenDecoder Decoder(JsonPlace decoder, JsonPlace splitter, JsonPlace model)
    {
        if (!decoder.IsNothing)
            return new TokenDecoder([.. DecoderReader.Read(decoder)]);
        // A file without a decoder still says how its tokens are spelled.
        if (IsByteLevel(splitter))
            return new TokenDecoder([DecoderReader.ByteLevel]);
        return new TokenDecoder([
            model["type"] is { IsText: true } kind && kind.Text() == "WordPiece"
                ? DecoderReader.WordPiece(model.Find("continuing_subword_prefix")?.Text() ?? "##", cleansUp: true)
                : DecoderReader.Spaces,
        ]);
    }

    private static bool IsByteLevel(JsonPlace splitter) =>
        Texts.TokenizerPart.Kind(splitter) switch
        {
            "ByteLevel" => true,
            "Sequence" => splitter["pretokenizers"].Items().Any(IsByteLevel),
            _ => false,
        };
}
