using System.Text;
using System.Text.Json;

namespace OnnxIntervene.Json;

/// <summary>One member of a JSON text, changed where it stands; all else stays as it was, byte for byte.</summary>
internal static class JsonMember
{
    private static readonly JsonReaderOptions s_options = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>The text with another value of a member, or with the member first in its object.</summary>
    /// <param name="utf8">The text, which <see cref="JsonText"/> takes.</param>
    /// <param name="path">The names of the objects around it, outermost first, and its own.</param>
    /// <param name="json">The value.</param>
    /// <exception cref="ArgumentException">There is no such object.</exception>
    public static byte[] Set(ReadOnlySpan<byte> utf8, IReadOnlyList<string> path, string json)
    {
        var mark = utf8.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var reader = new Utf8JsonReader(utf8[mark..], s_options);
        reader.Read();
        foreach (var name in path.SkipLast(1))
        {
            if (!Enter(ref reader, name, out _, out _))
                throw new ArgumentException($"There is no '{name}' in the text.", nameof(path));
        }

        if (!Enter(ref reader, path[^1], out var start, out var isEmpty))
            return Joined(utf8, mark + start, mark + start, Added(path, json, isEmpty));
        var first = (int)reader.TokenStartIndex;
        reader.Skip();
        return Joined(utf8, mark + first, mark + (int)reader.BytesConsumed, json);
    }

    // From an object to the value of one of its members; says where the first would begin.
    private static bool Enter(ref Utf8JsonReader reader, string name, out int start, out bool isEmpty)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new ArgumentException($"What should hold '{name}' is no object.", nameof(name));
        (start, isEmpty) = ((int)reader.BytesConsumed, true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            var isFound = reader.ValueTextEquals(name);
            reader.Read();
            if (isFound)
                return true;
            reader.Skip();
        }

        return false;
    }

    private static string Added(IReadOnlyList<string> path, string json, bool isEmpty) =>
        $"\n{new string(' ', 2 * path.Count)}{JsonSerializer.Serialize(path[^1])}: {json}{(isEmpty ? "\n" : ",")}";

    private static byte[] Joined(ReadOnlySpan<byte> utf8, int start, int end, string between) =>
        [.. utf8[..start], .. Encoding.UTF8.GetBytes(between), .. utf8[end..]];
}
