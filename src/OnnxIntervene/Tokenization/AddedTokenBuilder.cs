using System.Collections.Immutable;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>Gathers added tokens from several files; what came first stays.</summary>
/// <param name="vocabulary">The tokens that have numbers already.</param>
internal sealed class AddedTokenBuilder(Vocabulary vocabulary)
{
    private readonly Dictionary<int, AddedToken> _tokens = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    // The numbers go on after all tokens that there are, as transformers' slow tokenizers count them.
    private int _next = vocabulary.Count;

    /// <summary>Adds a token whose number is given.</summary>
    public void Add(int id, JsonPlace place, AddedToken token)
    {
        if (!_ids.TryAdd(token.Content, id))
            throw place.Fault($"'{token.Content}' has the number {_ids[token.Content]} already");
        if (!_tokens.TryAdd(id, token with { Id = id }))
            throw place.Fault($"the number {id} is that of '{_tokens[id].Content}' already");
        if (vocabulary.Find(token.Content) is null)
            _next++;
    }

    /// <summary>Makes a token special, and adds it where it is none yet.</summary>
    /// <param name="token">The token, with any number.</param>
    /// <param name="mayBeNew">Whether one that has no number yet gets the next.</param>
    public void AddSpecial(AddedToken token, bool mayBeNew)
    {
        if (_ids.TryGetValue(token.Content, out var known))
        {
            _tokens[known] = _tokens[known] with { IsSpecial = true };
            return;
        }

        var id = vocabulary.Find(token.Content) ?? (mayBeNew ? Next() : token.Id);
        // A file that renames a piece has the last word.
        if (_tokens.TryAdd(id, token with { Id = id }))
            _ids.Add(token.Content, id);
    }

    /// <summary>The tokens, by their numbers.</summary>
    public ImmutableArray<AddedToken> Build() => [.. _tokens.Values.OrderBy(token => token.Id)];

    private int Next()
    {
        while (_tokens.ContainsKey(_next) || vocabulary.Spelling(_next) is not null)
            _next++;
        return Math.Min(_next++, TokenizerPart.HighestId);
    }
}
