using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace OnnxIntervene.Cli.Output;

/// <summary>Results as JSON.</summary>
internal static partial class JsonText
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions s_line = new(s_options) { WriteIndented = false };

    /// <summary>
    /// The result's text. Characters that would act on a terminal stand in it as escapes, which they can only be inside
    /// of texts.
    /// </summary>
    public static string Of<T>(T result) => Acting().Replace(JsonSerializer.Serialize(result, s_options), Escape);

    /// <summary>The same on one line.</summary>
    public static string LineOf<T>(T result) => Acting().Replace(JsonSerializer.Serialize(result, s_line), Escape);

    private static string Escape(Match match) =>
        string.Concat(match.Value.Select(unit => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}")));

    // Controls, marks that change the reading order or are not seen, and separators of lines; line feeds between the
    // fields are JSON's own.
    [GeneratedRegex(@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}-[\n\r\u200C\u200D]]")]
    private static partial Regex Acting();

    /// <summary>A grid as a list of rows.</summary>
    public static float[][] Rows(Sweeps.SweepGrid grid) =>
        [
            .. Enumerable
                .Range(0, grid.Rows)
                .Select(row => grid.Values.Slice(row * grid.Columns, grid.Columns).ToArray()),
        ];
}
