using OnnxIntervene.Json;

namespace OnnxIntervene.Tokenization;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c> (github.com/huggingface/tokenizers).</summary>
internal static class TokenizerJson
{
    /// <summary>The highest number of a token; no model has so many.</summary>
    public const int HighestId = 10_000_000;

    private const string Supported =
        "Supported: byte-level BPE (GPT-2 style, with or without single digits) and BERT WordPiece";

    public static TokenizerDefinition Read(JsonPlace root)
    {
        var model = root.WithObject()["model"].WithObject("the model of a tokenizer");
        var (before, after) = SpecialTokens.Around(root["post_processor"]);
        return new TokenizerDefinition
        {
            Model = Kind(model) switch
            {
                "BPE" => BytePairs(root, model),
                "WordPiece" => WordPieces(root, model),
                _ => throw NotSupported(model["type"], "a model of this kind"),
            },
            AddedTokens = AddedTokenList.Read(root["added_tokens"]),
            Before = before,
            After = after,
        };
    }

    public static Dictionary<string, int> Vocabulary(JsonPlace json)
    {
        var vocabulary = new Dictionary<string, int>(json.Count, StringComparer.Ordinal);
        var tokens = new HashSet<int>(json.Count);
        foreach (var token in json.Members("an object of tokens and their numbers"))
        {
            var id = token.Integer(0, HighestId, "a token's number");
            if (!tokens.Add(id))
                throw token.Fault($"another token has the number {id} already");
            vocabulary.Add(token.Name, id);
        }

        return vocabulary.Count > 0 ? vocabulary : throw json.Fault("the vocabulary is empty");
    }

    public static ByteLevelModel BytePairs(
        Dictionary<string, int> vocabulary,
        IEnumerable<(string Merge, Func<string, Exception> Fault)> merges,
        ByteLevelSplitter splitter,
        bool addsSpace
    )
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var ordered = new List<string>();
        foreach (var (merge, fault) in merges)
        {
            var parts = merge.Split(' ');
            if (
                parts.Length != 2
                || !vocabulary.ContainsKey(parts[0])
                || !vocabulary.ContainsKey(parts[1])
                || !vocabulary.ContainsKey(parts[0] + parts[1])
            )
                throw fault($"the merge '{merge}' is not of tokens in the vocabulary");
            if (!known.Add(merge))
                throw fault($"the merge '{merge}' stands twice");
            ordered.Add(merge);
        }

        return new ByteLevelModel(vocabulary, ordered, splitter, addsSpace);
    }

    private static ByteLevelModel BytePairs(JsonPlace root, JsonPlace model)
    {
        var (splitter, addsSpace) = PreTokenizer(root["pre_tokenizer"]);
        if (root.Find("normalizer") is { } normalizer)
            throw NotSupported(normalizer, "a normalizer before BPE");
        if (model["byte_fallback"].Flag(false))
            throw NotSupported(model["byte_fallback"], "BPE with byte fallback");
        return BytePairs(
            Vocabulary(model["vocab"]),
            model["merges"].Items().Select(merge => (Merge(merge), (Func<string, Exception>)merge.Fault)),
            splitter,
            addsSpace
        );
    }

    private static string Merge(JsonPlace merge)
    {
        if (merge.IsText)
            return merge.Text();
        return merge is { IsList: true, Count: 2 }
            ? $"{merge[0].Text()} {merge[1].Text()}"
            : throw merge.Expected("a pair of tokens");
    }

    private static (ByteLevelSplitter Splitter, bool AddsSpace) PreTokenizer(JsonPlace json)
    {
        List<JsonPlace> steps = Kind(json) == "Sequence" ? [.. json["pretokenizers"].Items()] : [json];
        var digits = false;
        JsonPlace? bytes = null;
        foreach (var step in steps)
        {
            switch (Kind(step))
            {
                case "Digits" when step["individual_digits"].IsTrue && bytes is null:
                    digits = true;
                    break;
                case "ByteLevel":
                    bytes = step;
                    break;
                default:
                    throw NotSupported(step, "a pre-tokenizer of this kind");
            }
        }

        return bytes is null
            ? throw NotSupported(json, "BPE that is not byte-level")
            : (new ByteLevelSplitter(digits, bytes["use_regex"].Flag(true)), bytes["add_prefix_space"].Flag(false));
    }

    private static WordPieceModel WordPieces(JsonPlace root, JsonPlace model)
    {
        if (Kind(root["pre_tokenizer"]) != "BertPreTokenizer")
            throw NotSupported(root["pre_tokenizer"], "a pre-tokenizer of this kind before WordPiece");
        var normalizer = root["normalizer"];
        if (Kind(normalizer) != "BertNormalizer")
            throw NotSupported(normalizer, "a normalizer of this kind before WordPiece");
        var isLower = normalizer["lowercase"].Flag(true);
        var vocabulary = Vocabulary(model["vocab"]);
        var unknown = model.Find("unk_token")?.Text() ?? "[UNK]";
        if (!vocabulary.ContainsKey(unknown) || !WordPieceModel.CanMatch(unknown))
            throw model["unk_token"].Fault("the unknown token is empty, or not in the vocabulary");
        return new WordPieceModel(
            vocabulary,
            new BertNormalizer(
                normalizer["clean_text"].Flag(true),
                normalizer["handle_chinese_chars"].Flag(true),
                normalizer["strip_accents"].Flag(isLower),
                isLower
            ),
            unknown,
            model.Find("continuing_subword_prefix")?.Text() ?? "##",
            model.Find("max_input_chars_per_word")?.Integer(1) ?? WordPieceModel.UsualLongestWord
        );
    }

    /// <summary>What a part of a tokenizer is; null where it does not say.</summary>
    internal static string? Kind(JsonPlace json) => json.IsNothing ? null : json.WithObject().Find("type")?.Text();

    internal static Exception NotSupported(JsonPlace place, string what) =>
        place.Fault($"{what} is not supported, here {Shown(place)}. {Supported}");

    private static string Shown(JsonPlace place) =>
        place.IsObject && place["type"] is { IsText: true } kind ? kind.Shown : place.Shown;
}
