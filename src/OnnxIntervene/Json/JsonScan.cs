using System.Text.Json;

namespace OnnxIntervene.Json;

/// <summary>
/// Goes through a JSON text once before anything is read of it: it is JSON, every text in it is Unicode, and no key
/// stands twice in an object. Keeps the path of where it is.
/// </summary>
internal sealed class JsonScan(JsonSource source)
{
    private readonly Stack<Level> _levels = new();

    /// <summary>Checks a text of valid UTF-8.</summary>
    public void Check(ReadOnlySpan<byte> utf8, JsonDocumentOptions options)
    {
        var reader = new Utf8JsonReader(
            utf8,
            new JsonReaderOptions
            {
                AllowTrailingCommas = options.AllowTrailingCommas,
                CommentHandling = options.CommentHandling,
                MaxDepth = options.MaxDepth,
            }
        );
        try
        {
            while (reader.Read())
                Visit(ref reader);
        }
        catch (JsonException fault)
        {
            throw source.Fault(
                $"{source.Name} is not JSON, at {Path()}: {fault.Message.TrimEnd('.')}.{source.Advice}",
                fault
            );
        }
    }

    private void Visit(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
        {
            _levels.Pop();
            return;
        }

        if (reader.TokenType == JsonTokenType.PropertyName)
        {
            Enter(ref reader);
            return;
        }

        if (_levels.TryPeek(out var around) && around.Names is null)
            around.Index++;
        if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped)
            Text(ref reader);
        else if (reader.TokenType is JsonTokenType.StartObject)
            _levels.Push(new Level(new HashSet<string>(StringComparer.Ordinal)));
        else if (reader.TokenType is JsonTokenType.StartArray)
            _levels.Push(new Level(null));
    }

    private void Enter(ref Utf8JsonReader reader)
    {
        var level = _levels.Peek();
        level.Name = null;
        var name = Text(ref reader);
        level.Name = name;
        if (!level.Names!.Add(name))
            throw source.At(Path(), "the key stands twice in the object; leave one out");
    }

    // Valid UTF-8 can hold half a surrogate pair only as an escape.
    private string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException fault)
        {
            throw source.Fault(
                $"{source.Name} holds a text that is not valid Unicode, at {Path()}: {fault.Message}",
                fault
            );
        }
    }

    private string Path() =>
        JsonPath.Root
        + string.Concat(
            _levels
                .Reverse()
                .Select(level =>
                    level switch
                    {
                        { Names: null, Index: >= 0 } => JsonPath.Item(level.Index),
                        { Name: { } name } => JsonPath.Member(name),
                        _ => "",
                    }
                )
        );

    /// <summary>An object with the names seen so far, or a list.</summary>
    private sealed class Level(HashSet<string>? names)
    {
        public HashSet<string>? Names { get; } = names;

        public string? Name { get; set; }

        public int Index { get; set; } = -1;
    }
}
