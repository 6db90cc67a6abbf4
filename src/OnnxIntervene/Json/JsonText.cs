using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using OnnxIntervene.IR;

namespace OnnxIntervene.Json;

/// <summary>
/// The one way from a JSON text to what stands in it. A text that is not UTF-8, is nested deeper than 64, has a key
/// twice in an object or half a surrogate pair is refused before anything is read. A byte order mark is skipped.
/// </summary>
internal static class JsonText
{
    private const int DeepestNesting = 64;
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static JsonPlace Read(string path, JsonSource source) =>
        Parse(RegularFile.ReadBytes(path, FileLimits.Text, message => source.Fault(message, null)), source);

    /// <summary>Reads a text.</summary>
    public static JsonPlace Parse(string text, JsonSource source)
    {
        try
        {
            return Parse(s_strict.GetBytes(text), source);
        }
        catch (EncoderFallbackException fault)
        {
            throw source.Fault($"{source.Name} holds a text that is not valid Unicode: {fault.Message}", fault);
        }
    }

    /// <summary>Reads a text's bytes.</summary>
    public static JsonPlace Parse(ReadOnlySpan<byte> utf8, JsonSource source)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble))
            utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        if (!Utf8.IsValid(utf8))
            throw source.Fault($"{source.Name} is not JSON: it is not UTF-8 text. Save it as UTF-8.", null);
        var options = new JsonDocumentOptions
        {
            MaxDepth = DeepestNesting,
            AllowTrailingCommas = source.AllowsComments,
            CommentHandling = source.AllowsComments ? JsonCommentHandling.Skip : JsonCommentHandling.Disallow,
        };
        new JsonScan(source).Check(utf8, options);
        return new JsonPlace(source, JsonElement.Parse(utf8, options));
    }
}
