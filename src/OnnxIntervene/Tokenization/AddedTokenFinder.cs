using System.Buffers;
using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>Finds added tokens in a text; of several that begin at one place, the longest. Immutable.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<int, AddedToken> _tokens = [];
    private readonly TokenTrie _trie;
    private readonly SearchValues<char> _firsts;

    /// <param name="tokens">The tokens, and how they look in the text that is searched.</param>
    public AddedTokenFinder(IEnumerable<(AddedToken Token, string Content)> tokens)
    {
        var wanted = tokens.Where(token => token.Content.Length > 0).ToList();
        foreach (var (token, _) in wanted)
            _tokens.TryAdd(token.Id, token);
        _trie = new TokenTrie(wanted.Select(token => (token.Content, token.Token.Id)));
        _firsts = SearchValues.Create([.. wanted.Select(token => token.Content[0]).Distinct()]);
    }

    /// <summary>The parts of a text, in order; those that are no token are not empty.</summary>
    public IEnumerable<(AddedToken? Token, TrackedText Part)> Split(TrackedText text)
    {
        var done = 0;
        foreach (var (token, start, end) in Find(text.Text))
        {
            if (start > done)
                yield return (null, text.Slice(done, start - done));
            yield return (token, text.Slice(start, end - start));
            done = end;
        }

        if (done < text.Length)
            yield return (null, text.Slice(done, text.Length - done));
    }

    private IEnumerable<(AddedToken Token, int Start, int End)> Find(string text)
    {
        var (done, from) = (0, 0);
        while (from < text.Length && text.AsSpan(from).IndexOfAny(_firsts) is >= 0 and var distance)
        {
            var start = from + distance;
            var (id, length) = _trie.Prefixes(text, start).LastOrDefault();
            from = start + Math.Max(1, length);
            if (length == 0 || (_tokens[id].IsSingleWord && IsInsideWord(text, start, from)))
                continue;
            var (left, right) = Widened(_tokens[id], text, start, from, done);
            yield return (_tokens[id], left, right);
            (done, from) = (right, right);
        }
    }

    private static (int Start, int End) Widened(AddedToken token, string text, int start, int end, int done)
    {
        while (token.StripsLeft && start > done && char.IsWhiteSpace(text[start - 1]))
            start--;
        while (token.StripsRight && end < text.Length && char.IsWhiteSpace(text[end]))
            end++;
        return (start, end);
    }

    private static bool IsInsideWord(string text, int start, int end) =>
        (
            Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var before, out _) == OperationStatus.Done
            && Words.IsPart(before)
        )
        || (
            Rune.DecodeFromUtf16(text.AsSpan(end), out var after, out _) == OperationStatus.Done && Words.IsPart(after)
        );
}
