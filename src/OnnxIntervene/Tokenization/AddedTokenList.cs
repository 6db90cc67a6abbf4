using System.Collections.Immutable;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>Reads the tokens that are looked for in the text itself.</summary>
internal static class AddedTokenList
{
    /// <summary>The tokens; none where there is no list. One that is listed twice alike counts once.</summary>
    public static ImmutableArray<AddedToken> Read(JsonPlace list)
    {
        if (list.IsNothing)
            return [];
        var (ids, contents) = (new Dictionary<int, string>(), new Dictionary<string, int>(StringComparer.Ordinal));
        var tokens = ImmutableArray.CreateBuilder<AddedToken>();
        foreach (var place in list.Items("a list of tokens"))
        {
            var token = Token(place);
            var isNew = ids.TryAdd(token.Id, token.Content);
            if (ids[token.Id] != token.Content)
                throw place.Fault($"the number {token.Id} is that of '{ids[token.Id]}' already");
            if (!contents.TryAdd(token.Content, token.Id) && contents[token.Content] != token.Id)
                throw place.Fault($"'{token.Content}' has the number {contents[token.Content]} already");
            if (isNew)
                tokens.Add(token);
        }

        return tokens.ToImmutable();
    }

    private static AddedToken Token(JsonPlace place)
    {
        var content = place.WithObject()["content"];
        var id = place["id"].Integer(0, TokenizerPart.HighestId, "a token's number");
        var isSpecial = place["special"].Flag(false);
        return new AddedToken(
            id,
            content.Text() is { Length: > 0 } text ? text : throw content.Fault("an added token has no text")
        )
        {
            IsSpecial = isSpecial,
            StripsLeft = place["lstrip"].Flag(false),
            StripsRight = place["rstrip"].Flag(false),
            IsNormalized = place["normalized"].Flag(!isSpecial),
            IsSingleWord = place["single_word"].Flag(false),
        };
    }
}
