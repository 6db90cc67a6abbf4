using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tokenization;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c> (github.com/huggingface/tokenizers).</summary>
internal static class TokenizerJson
{
    private const string Supported =
        "Supported: byte-level BPE (GPT-2 style, with or without single digits) and BERT WordPiece";

    public static TokenizerDefinition Read(JsonElement root, string path)
    {
        if (
            root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("model", out var model)
            || model.ValueKind != JsonValueKind.Object
        )
            throw new ModelFormatException($"'{path}' does not describe a tokenizer: it has no model.");
        var (before, after) = SpecialTokens.Around(Member(root, "post_processor"), path);
        return new TokenizerDefinition
        {
            Model = Text(model, "type") switch
            {
                "BPE" => BytePairs(root, model, path),
                "WordPiece" => WordPieces(root, model, path),
                var type => throw NotSupported(path, $"a model of kind '{type}'"),
            },
            AddedTokens = AddedTokens(root, path),
            Before = before,
            After = after,
        };
    }

    public static Dictionary<string, int> Vocabulary(JsonElement json, string path)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        if (json.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"'{path}': the vocabulary is not a JSON object.");
        foreach (var entry in json.EnumerateObject())
        {
            if (
                entry.Value.ValueKind != JsonValueKind.Number
                || !entry.Value.TryGetInt32(out var id)
                || id is < 0 or > 10_000_000
            )
                throw new ModelFormatException($"'{path}': the token '{entry.Name}' has the number {entry.Value}.");
            vocabulary[entry.Name] = id;
        }

        return vocabulary.Values.Distinct().Count() == vocabulary.Count && vocabulary.Count > 0
            ? vocabulary
            : throw new ModelFormatException($"'{path}': the vocabulary is empty, or two tokens share a number.");
    }

    public static ByteLevelModel BytePairs(
        Dictionary<string, int> vocabulary,
        ImmutableArray<string> merges,
        ByteLevelSplitter splitter,
        bool addsSpace,
        string path
    )
    {
        foreach (var merge in merges)
        {
            var parts = merge.Split(' ');
            if (
                parts.Length != 2
                || !vocabulary.ContainsKey(parts[0])
                || !vocabulary.ContainsKey(parts[1])
                || !vocabulary.ContainsKey(parts[0] + parts[1])
            )
                throw new ModelFormatException($"'{path}': the merge '{merge}' is not of tokens in the vocabulary.");
        }

        return new ByteLevelModel(vocabulary, merges, splitter, addsSpace);
    }

    private static ByteLevelModel BytePairs(JsonElement root, JsonElement model, string path)
    {
        var (splitter, addsSpace) = PreTokenizer(Member(root, "pre_tokenizer"), path);
        if (Member(root, "normalizer").ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
            throw NotSupported(path, $"the normalizer '{Text(Member(root, "normalizer"), "type")}' before BPE");
        if (Member(model, "byte_fallback").ValueKind == JsonValueKind.True)
            throw NotSupported(path, "BPE with byte fallback");
        return BytePairs(
            Vocabulary(Member(model, "vocab"), path),
            Merges(Member(model, "merges"), path),
            splitter,
            addsSpace,
            path
        );
    }

    private static ImmutableArray<string> Merges(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
            throw new ModelFormatException($"'{path}': the merges are not a list.");
        return
        [
            .. json.EnumerateArray()
                .Select(merge =>
                    merge switch
                    {
                        { ValueKind: JsonValueKind.String } => merge.GetString()!,
                        { ValueKind: JsonValueKind.Array }
                            when merge.GetArrayLength() == 2
                                && merge.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String) =>
                            $"{merge[0].GetString()} {merge[1].GetString()}",
                        _ => throw new ModelFormatException($"'{path}': the merge {merge} is not a pair of tokens."),
                    }
                ),
        ];
    }

    private static (ByteLevelSplitter Splitter, bool AddsSpace) PreTokenizer(JsonElement json, string path)
    {
        var steps =
            Text(json, "type") == "Sequence" && Member(json, "pretokenizers") is { ValueKind: JsonValueKind.Array } list
                ? list.EnumerateArray().ToList()
                : [json];
        var (digits, bytes) = (false, default(JsonElement));
        foreach (var step in steps)
        {
            switch (Text(step, "type"))
            {
                case "Digits"
                    when Member(step, "individual_digits").ValueKind == JsonValueKind.True
                        && bytes.ValueKind == JsonValueKind.Undefined:
                    digits = true;
                    break;
                case "ByteLevel":
                    bytes = step;
                    break;
                case var type:
                    throw NotSupported(path, $"the pre-tokenizer '{type}'");
            }
        }

        if (bytes.ValueKind == JsonValueKind.Undefined)
            throw NotSupported(path, "BPE that is not byte-level");
        return (
            new ByteLevelSplitter(digits, Member(bytes, "use_regex").ValueKind != JsonValueKind.False),
            Member(bytes, "add_prefix_space").ValueKind == JsonValueKind.True
        );
    }

    private static WordPieceModel WordPieces(JsonElement root, JsonElement model, string path)
    {
        if (Text(Member(root, "pre_tokenizer"), "type") is not "BertPreTokenizer" and var cutter)
            throw NotSupported(path, $"the pre-tokenizer '{cutter}' before WordPiece");
        var normalizer = Member(root, "normalizer");
        if (Text(normalizer, "type") is not "BertNormalizer" and var kind)
            throw NotSupported(path, $"the normalizer '{kind}' before WordPiece");
        var isLower = Member(normalizer, "lowercase").ValueKind != JsonValueKind.False;
        var accents = Member(normalizer, "strip_accents").ValueKind;
        var vocabulary = Vocabulary(Member(model, "vocab"), path);
        var unknown = Text(model, "unk_token") ?? "[UNK]";
        if (!vocabulary.ContainsKey(unknown))
            throw new ModelFormatException($"'{path}': the unknown token '{unknown}' is not in the vocabulary.");
        return new WordPieceModel(
            vocabulary,
            new BertNormalizer(
                Member(normalizer, "clean_text").ValueKind != JsonValueKind.False,
                Member(normalizer, "handle_chinese_chars").ValueKind != JsonValueKind.False,
                accents == JsonValueKind.True || (isLower && accents != JsonValueKind.False),
                isLower
            ),
            unknown,
            Text(model, "continuing_subword_prefix") ?? "##",
            Member(model, "max_input_chars_per_word") is { ValueKind: JsonValueKind.Number } longest
                ? longest.GetInt32()
                : 100
        );
    }

    private static ImmutableArray<AddedToken> AddedTokens(JsonElement root, string path)
    {
        if (Member(root, "added_tokens") is not { ValueKind: JsonValueKind.Array } list)
            return [];
        return
        [
            .. list.EnumerateArray()
                .Select(token =>
                    Text(token, "content") is { Length: > 0 } content
                    && Member(token, "id") is { ValueKind: JsonValueKind.Number } id
                    && id.TryGetInt32(out var number)
                        ? new AddedToken(
                            number,
                            content,
                            IsTrue(token, "special"),
                            IsTrue(token, "lstrip"),
                            IsTrue(token, "rstrip")
                        )
                        : throw new ModelFormatException(
                            $"'{path}': the added token {token} has no content or no number."
                        )
                ),
        ];
    }

    private static bool IsTrue(JsonElement json, string name) => Member(json, name).ValueKind == JsonValueKind.True;

    internal static JsonElement Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : default;

    internal static string? Text(JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    internal static ModelFormatException NotSupported(string path, string what) =>
        new($"'{path}' uses {what}, which is not supported. {Supported}.");
}
