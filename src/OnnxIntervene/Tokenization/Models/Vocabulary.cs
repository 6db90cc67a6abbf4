using System.Globalization;
using System.Text;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>Tokens as they are spelled, and their numbers. Immutable.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    // By their numbers, in ascending order; these may have gaps.
    private readonly int[] _numbers;
    private readonly string[] _tokens;

    public Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _numbers = [.. ids.Values];
        _tokens = [.. ids.Keys];
        Array.Sort(_numbers, _tokens);
    }

    /// <summary>How many tokens there are.</summary>
    public int Count => _ids.Count;

    /// <summary>The tokens and their numbers.</summary>
    public IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>The number of a token, or null.</summary>
    public int? Find(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out var id) ? id : null;

    /// <summary>How a token is spelled, or null.</summary>
    public string? Spelling(int id) => Array.BinarySearch(_numbers, id) is >= 0 and var index ? _tokens[index] : null;

    /// <summary>The tokens of single bytes, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, where there are such.</summary>
    public int?[] ByteTokens() =>
        [
            .. Enumerable
                .Range(0, 256)
                .Select(code => Find(string.Create(CultureInfo.InvariantCulture, $"<0x{code:X2}>"))),
        ];

    /// <summary>The byte tokens of a text; null where one of them is missing.</summary>
    public static List<int>? Bytes(ReadOnlySpan<char> text, int?[] byteTokens)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        var ids = new List<int>(bytes.Length);
        foreach (var code in bytes)
        {
            if (byteTokens[code] is not { } id)
                return null;
            ids.Add(id);
        }

        return ids;
    }

    /// <summary>Reads an object of tokens and their numbers.</summary>
    public static Dictionary<string, int> Read(JsonPlace json)
    {
        var vocabulary = new Dictionary<string, int>(json.Count, StringComparer.Ordinal);
        var tokens = new HashSet<int>(json.Count);
        foreach (var token in json.Members("an object of tokens and their numbers"))
        {
            var id = token.Integer(0, TokenizerPart.HighestId, "a token's number");
            if (!tokens.Add(id))
                throw token.Fault($"another token has the number {id} already");
            vocabulary.Add(token.Name, id);
        }

        return vocabulary.Count > 0 ? vocabulary : throw json.Fault("the vocabulary is empty");
    }
}
