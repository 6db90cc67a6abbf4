namespace OnnxIntervene.Tokenization.Texts;

/// <summary>Finds the tokens with which a text goes on, in time of the longest of them. Immutable.</summary>
internal sealed class TokenTrie
{
    private const int NoToken = -1;
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<int> _tokens = [NoToken];

    public TokenTrie(IEnumerable<(string Spelling, int Id)> tokens)
    {
        foreach (var (spelling, id) in tokens)
        {
            var node = 0;
            foreach (var character in spelling)
                node = Child(node, character);
            _tokens[node] = id;
        }
    }

    /// <summary>The tokens that a text has from a place on, the shortest first, with their lengths.</summary>
    public IEnumerable<(int Id, int Length)> Prefixes(string text, int start)
    {
        var node = 0;
        for (var index = start; index < text.Length; index++)
        {
            if (!_edges.TryGetValue((node, text[index]), out node))
                yield break;
            if (_tokens[node] != NoToken)
                yield return (_tokens[node], index + 1 - start);
        }
    }

    private int Child(int node, char character)
    {
        if (_edges.TryGetValue((node, character), out var child))
            return child;
        _tokens.Add(NoToken);
        _edges.Add((node, character), _tokens.Count - 1);
        return _tokens.Count - 1;
    }
}
