using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OnnxIntervene.Cli.Output;

/// <summary>Results as JSON.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of<T>(T result) => JsonSerializer.Serialize(result, s_options);

    /// <summary>A grid as a list of rows.</summary>
    public static float[][] Rows(Sweeps.SweepGrid grid) =>
        [
            .. Enumerable
                .Range(0, grid.Rows)
                .Select(row => grid.Values.Slice(row * grid.Columns, grid.Columns).ToArray()),
        ];
}
