using System.Text;
using System.Text.Json;

namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>Changes values, names and members of a JSON text.</summary>
internal static class JsonMutator
{
    private static readonly string[] s_values =
    [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1",
        "4.0",
        "0.5",
        "1e3",
        "3e38",
        "1e39",
        "1e400",
        "-0",
        "2147483647",
        "2147483648",
        "-2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "1000000000",
        "10000000",
        "\"\"",
        "\"x\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\u0000\"",
        "\"\\u001b[31m\"",
        "\"../../x\"",
        "\"NaN\"",
        "{}",
        "[]",
        "[[]]",
        "[null]",
        "[0,1]",
        "{\"a\":1,\"a\":2}",
        "{\"\\ud800\":1}",
        "[1e400]",
        "[[1,2],[3]]",
    ];

    /// <summary>A changed copy.</summary>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            if (Spans(content) is not { Count: > 0 } spans)
                return ByteMutator.Mutate(content, other, random);
            content = MutateOnce(content, spans, random);
        }

        return content;
    }

    private static byte[] MutateOnce(byte[] content, List<JsonSpan> spans, Random random)
    {
        var depth = random.Of(spans.Select(span => span.Depth).Distinct().ToList());
        var span = random.Of(spans.Where(item => item.Depth == depth).ToList());
        var text = content.AsSpan(span.Start, span.Length).ToArray();
        if (span.IsName)
            return random.Next(3) switch
            {
                0 => Replace(content, span, "\"\\ud800\""u8.ToArray()),
                1 => Replace(content, span, Piece(content, random.Of(spans.Where(item => item.IsName).ToList()))),
                // The same name twice.
                _ => Replace(
                    content,
                    span,
                    [.. text, .. ":"u8, .. Encoding.UTF8.GetBytes(random.Of(s_values)), .. ","u8, .. text]
                ),
            };
        return random.Next(6) switch
        {
            0 => Replace(content, span, Piece(content, random.Of(spans.Where(item => !item.IsName).ToList()))),
            1 => Replace(content, span, [.. "["u8, .. text, .. "]"u8]),
            2 => Replace(content, span, [.. "{\"a\":"u8, .. text, .. "}"u8]),
            3 when random.OneIn(4) => Replace(content, span, Deep(random)),
            _ => Replace(content, span, Encoding.UTF8.GetBytes(random.Of(s_values))),
        };
    }

    private static byte[] Deep(Random random)
    {
        var depth = random.Of(new[] { 63, 64, 65, 1000, 20_000 });
        return Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth));
    }

    private static byte[] Piece(byte[] content, JsonSpan span) => content.AsSpan(span.Start, span.Length).ToArray();

    private static byte[] Replace(byte[] content, JsonSpan span, byte[] text) =>
        [.. content.AsSpan(0, span.Start), .. text, .. content.AsSpan(span.Start + span.Length)];

    /// <summary>Every value and every name with its place; null where the text is not JSON.</summary>
    public static List<JsonSpan>? Spans(byte[] content)
    {
        var spans = new List<JsonSpan>();
        var open = new Stack<int>();
        var reader = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = 100_000 });
        try
        {
            while (reader.Read())
            {
                var (start, end) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                    open.Push(start);
                else if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                    spans.Add(new JsonSpan(open.Peek(), end - open.Pop(), open.Count, false));
                else if (reader.TokenType == JsonTokenType.PropertyName)
                    spans.Add(new JsonSpan(start, start + reader.ValueSpan.Length + 2 - start, open.Count, true));
                else
                    spans.Add(new JsonSpan(start, end - start, open.Count, false));
            }
        }
        catch (JsonException)
        {
            return null;
        }

        return spans;
    }
}

/// <summary>A value or a name in a JSON text.</summary>
internal readonly record struct JsonSpan(int Start, int Length, int Depth, bool IsName);
