using System.Text.Json;

namespace OnnxIntervene.Formats;

/// <summary>
/// Opens JSON from untrusted sources. A text that is not valid Unicode (<c>"\ud800"</c>) would fail in the middle of
/// reading; here it is refused before anything is read.
/// </summary>
internal static class StrictJson
{
    /// <summary>Parses a text. The caller disposes the document.</summary>
    /// <param name="text">The text.</param>
    /// <param name="refusal">
    /// Makes the exception from what is wrong ("is not JSON: …", "holds a text that is not valid Unicode: …") and its
    /// cause.
    /// </param>
    /// <param name="options">What is allowed beyond the specification (RFC 8259); nothing by default.</param>
    public static JsonDocument Parse(
        string text,
        Func<string, Exception, Exception> refusal,
        JsonDocumentOptions options = default
    )
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, options);
        }
        catch (JsonException fault)
        {
            throw refusal($"is not JSON: {fault.Message}", fault);
        }

        // Halves of surrogate pairs can only be written as escapes, so most files need no check.
        if (text.Contains("\\ud", StringComparison.OrdinalIgnoreCase))
            Check(document, refusal);
        return document;
    }

    private static void Check(JsonDocument document, Func<string, Exception, Exception> refusal)
    {
        try
        {
            CheckTexts(document.RootElement);
        }
        catch (InvalidOperationException fault)
        {
            document.Dispose();
            throw refusal($"holds a text that is not valid Unicode: {fault.Message}", fault);
        }
    }

    private static void CheckTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    CheckTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckTexts(property.Value);
                }

                break;
        }
    }
}
