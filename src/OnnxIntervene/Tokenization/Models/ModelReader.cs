using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>Reads the model of a <c>tokenizer.json</c>.</summary>
internal static class ModelReader
{
    public static TokenModel Read(JsonPlace json) =>
        Kind(json) switch
        {
            "BPE" => BytePairs(json),
            "WordPiece" => WordPieces(json),
            "WordLevel" => WordLevel(json),
            "Unigram" => Unigram(json),
            _ => throw TokenizerPart.NotSupported(json["type"], "a model of this kind"),
        };

    // Old files do not say it.
    private static string? Kind(JsonPlace json) =>
        TokenizerPart.Kind(json)
        ?? (
            !json["merges"].IsNothing ? "BPE"
            : json["vocab"].IsList ? "Unigram"
            : null
        );

    private static BytePairModel BytePairs(JsonPlace json)
    {
        if (json.Find("dropout") is { } dropout && dropout.Number() != 0)
            throw dropout.Fault("merges left out at random are not supported; set it to null");
        var vocabulary = new Vocabulary(Vocabulary.Read(json["vocab"]));
        var prefix = json.Find("continuing_subword_prefix") is { } given ? TokenizerPart.ShortText(given) : "";
        var merges = Merges.Of(vocabulary, json["merges"].Items().Select(Merge), prefix);
        return new BytePairModel(
            vocabulary,
            merges,
            new BytePairOptions
            {
                // Byte-level files name unknown tokens that nothing ever needs.
                Unknown = json.Find("unk_token") is { } unknown ? vocabulary.Find(unknown.Text()) : null,
                FusesUnknown = json["fuse_unk"].Flag(false),
                FallsBackToBytes = json["byte_fallback"].Flag(false),
                IgnoresMerges = json["ignore_merges"].Flag(false),
                Prefix = prefix,
                Suffix = json.Find("end_of_word_suffix") is { } suffix ? TokenizerPart.ShortText(suffix) : "",
            }
        );
    }

    private static (string Left, string Right, Func<string, Exception> Fault) Merge(JsonPlace merge)
    {
        if (merge is { IsList: true, Count: 2 })
            return (merge[0].Text(), merge[1].Text(), merge.Fault);
        if (!merge.IsText)
            throw merge.Expected("a pair of tokens");
        return merge.Text().Split(' ') is [var left, var right]
            ? (left, right, merge.Fault)
            : throw merge.Fault($"the merge '{merge.Text()}' is not of tokens in the vocabulary");
    }

    private static WordPieceModel WordPieces(JsonPlace json)
    {
        var vocabulary = new Vocabulary(Vocabulary.Read(json["vocab"]));
        var unknown = json.Find("unk_token")?.Text() ?? "[UNK]";
        if (vocabulary.Find(unknown) is null || !WordPieceModel.CanMatch(unknown))
            throw json["unk_token"].Fault("the unknown token is empty, or not in the vocabulary");
        return new WordPieceModel(
            vocabulary,
            unknown,
            json.Find("continuing_subword_prefix")?.Text() ?? "##",
            json.Find("max_input_chars_per_word")?.Integer(1) ?? WordPieceModel.UsualLongestWord
        );
    }

    private static WordLevelModel WordLevel(JsonPlace json)
    {
        var vocabulary = new Vocabulary(Vocabulary.Read(json["vocab"]));
        return new WordLevelModel(vocabulary, Unknown(json, vocabulary));
    }

    private static UnigramModel Unigram(JsonPlace json)
    {
        var (ids, scores) = (new Dictionary<string, int>(StringComparer.Ordinal), new Dictionary<int, double>());
        foreach (var piece in json["vocab"].Items("a list of tokens and their scores"))
        {
            if (piece is not { IsList: true, Count: 2 })
                throw piece.Expected("a token and its score");
            var id = ids.Count;
            if (!ids.TryAdd(piece[0].Text(), id))
                throw piece.Fault($"the token {piece[0].Shown} stands twice");
            scores.Add(id, piece[1].Number());
        }

        if (ids.Count == 0)
            throw json["vocab"].Fault("the vocabulary is empty");
        return new UnigramModel(
            new Vocabulary(ids),
            scores,
            json.Find("unk_id")?.Integer(0, ids.Count - 1, "a token's number"),
            scores.Values.Min() - UnigramModel.UnknownPenalty,
            json["byte_fallback"].Flag(false)
        );
    }

    private static int? Unknown(JsonPlace json, Vocabulary vocabulary) =>
        json.Find("unk_token") is not { } unknown ? null
        : vocabulary.Find(unknown.Text()) is { } id ? id
        : throw unknown.Fault($"the unknown token {unknown.Shown} is not in the vocabulary");
}
