using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Formats;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// What the files beside a <c>tokenizer.model</c> say, as transformers' slow tokenizers read them:
/// <c>tokenizer_config.json</c>, and where that lists no added tokens <c>special_tokens_map.json</c> and
/// <c>added_tokens.json</c>.
/// </summary>
internal sealed class SentencePieceSettings
{
    private const string Ending = "TokenizerFast";
    private const int UsualExtraTokens = 100;

    // Those whose tokens have the file's numbers, and no rules of their own beside it.
    private static readonly string[] s_classes =
    [
        "Llama",
        "CodeLlama",
        "Gemma",
        "T5",
        "Baichuan",
        "InternLM",
        "InternLM2",
        "Yi",
        "PreTrained",
    ];

    // In the order in which transformers numbers those that are in no vocabulary.
    private static readonly string[] s_names = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

    private readonly JsonPlace _config;
    private readonly JsonPlace _map;
    private readonly JsonPlace _added;
    private readonly bool _isT5;

    /// <param name="config"><c>tokenizer_config.json</c>, or an empty object.</param>
    /// <param name="map"><c>special_tokens_map.json</c>, or an empty object.</param>
    /// <param name="added"><c>added_tokens.json</c>, or an empty object.</param>
    public SentencePieceSettings(JsonPlace config, JsonPlace map, JsonPlace added)
    {
        (_config, _map, _added) = (config.WithObject(), map.WithObject(), added.WithObject());
        _isT5 = Class() == "T5";
    }

    /// <summary>Whether a space is put before texts, where the model's file says so too.</summary>
    public bool AddsPrefixSpace => _config["add_prefix_space"].Flag(true);

    /// <summary>Whether that is done after each special token too.</summary>
    public bool IsLegacy => _config["legacy"].Flag(true);

    private bool ListsAdded => !_config["added_tokens_decoder"].IsNothing;

    /// <summary>The tokens that are looked for in the text itself.</summary>
    public ImmutableArray<AddedToken> AddedTokens(Vocabulary vocabulary, SentencePieceFile file)
    {
        var list = new AddedTokenBuilder(vocabulary);
        foreach (var place in ListsAdded ? _config["added_tokens_decoder"].Members("an object of tokens") : [])
            list.Add(Number(place), place, Token(place, 0, isSpecial: false));
        foreach (var place in ListsAdded ? [] : _added.Members("an object of tokens and their numbers"))
        {
            var id = place.Integer(0, TokenizerPart.HighestId, "a token's number");
            list.Add(id, place, new AddedToken(id, place.Name));
        }

        for (var id = 0; id < file.Pieces.Length; id++)
        {
            if (file.Pieces[id].Kind is PieceKind.Control or PieceKind.Unknown)
                list.AddSpecial(AddedToken.Special(id, file.Pieces[id].Text), mayBeNew: false);
        }

        foreach (var token in Special())
            list.AddSpecial(token, mayBeNew: true);
        return list.Build();
    }

    /// <summary>The tokens put before a text.</summary>
    public ImmutableArray<int> Before(ImmutableArray<AddedToken> added, SentencePieceFile file) =>
        !_isT5 && _config["add_bos_token"].Flag(true) ? Found("bos", file.Beginning, added) : [];

    /// <summary>The tokens put after a text.</summary>
    public ImmutableArray<int> After(ImmutableArray<AddedToken> added, SentencePieceFile file) =>
        _isT5 || _config["add_eos_token"].Flag(false) ? Found("eos", file.End, added) : [];

    private ImmutableArray<int> Found(string name, long usual, ImmutableArray<AddedToken> added)
    {
        var content = Place($"{name}_token") is { } place ? Token(place, 0, isSpecial: true).Content : null;
        var token = added.FirstOrDefault(token => content is null ? token.Id == usual : token.Content == content);
        return token is null ? [] : [token.Id];
    }

    // The tokens that have a role, then those without; T5's hundred come last, the first with the highest number.
    private IEnumerable<AddedToken> Special()
    {
        foreach (var place in s_names.Select(name => Place($"{name}_token")).OfType<JsonPlace>())
            yield return Token(place, 0, isSpecial: true);
        var others = Place("additional_special_tokens") ?? Place("extra_special_tokens");
        foreach (
            var place in others is null ? []
            : others.IsObject ? others.Members()
            : others.Items()
        )
            yield return Token(place, 0, isSpecial: true);
        var count = _config["extra_ids"].IsNothing ? UsualExtraTokens : _config["extra_ids"].Integer(0, 10_000);
        for (var index = count - 1; _isT5 && others is null && !ListsAdded && index >= 0; index--)
            yield return AddedToken.Special(0, string.Create(CultureInfo.InvariantCulture, $"<extra_id_{index}>")) with
            {
                StripsLeft = true,
                StripsRight = true,
            };
    }

    private JsonPlace? Place(string name) => (ListsAdded ? null : _map.Find(name)) ?? _config.Find(name);

    private static AddedToken Token(JsonPlace place, int id, bool isSpecial)
    {
        var content = place.IsText ? place : place.WithObject("a token, or an object that describes one")["content"];
        var text = content.Text() is { Length: > 0 } found ? found : throw content.Fault("a special token has no text");
        return place.IsText
            ? new AddedToken(id, text) { IsSpecial = isSpecial }
            : new AddedToken(id, text)
            {
                IsSpecial = isSpecial || place["special"].Flag(false),
                StripsLeft = place["lstrip"].Flag(false),
                StripsRight = place["rstrip"].Flag(false),
                IsSingleWord = place["single_word"].Flag(false),
            };
    }

    private static int Number(JsonPlace place) =>
        int.TryParse(place.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && id <= TokenizerPart.HighestId
            ? id
            : throw place.Fault($"its name is to be a token's number, from 0 to {TokenizerPart.HighestId}");

    private string? Class()
    {
        if (_config.Find("tokenizer_class") is not { } given)
            return null;
        var name = given.Text();
        var family = s_classes.FirstOrDefault(known => name == known + Ending || name == known + Ending[..^4]);
        return family
            ?? throw given.Fault(
                $"how {given.Shown} goes on from a SentencePiece model is not known; known are "
                    + $"{string.Join(", ", s_classes.Select(known => known + Ending[..^4]))}. Load it with "
                    + "transformers' AutoTokenizer and save it: that writes a tokenizer.json"
            );
    }
}
