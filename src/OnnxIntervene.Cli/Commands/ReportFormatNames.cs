using System.CommandLine.Parsing;
using OnnxIntervene.Reports;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The names of a report's formats, as they are written behind an option.</summary>
internal static class ReportFormatNames
{
    private const string All = "all";

    private static readonly ReportFormats[] s_formats =
    [
        ReportFormats.Html,
        ReportFormats.Png,
        ReportFormats.Svg,
        ReportFormats.Pdf,
        ReportFormats.Csv,
        ReportFormats.Parquet,
        ReportFormats.Json,
        ReportFormats.Safetensors,
    ];

    /// <summary>All of them, in one line.</summary>
    public static string List { get; } = Of(ReportFormats.All);

    /// <summary>The names of some formats, with commas between.</summary>
    public static string Of(ReportFormats formats) =>
        string.Join(',', s_formats.Where(format => formats.HasFlag(format)).Select(Name));

    /// <summary>Reads names with commas between.</summary>
    public static ReportFormats Parse(ArgumentResult result)
    {
        var formats = ReportFormats.None;
        foreach (var name in result.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            var known =
                name.Trim() == All
                    ? ReportFormats.All
                    : s_formats.FirstOrDefault(format => Name(format) == name.Trim());
            if (known == ReportFormats.None)
                result.AddError($"--formats '{name.Trim()}': there is no such format. There are: {List}, and all.");
            formats |= known;
        }

        return formats;
    }

    private static string Name(ReportFormats format) => $"{format}".ToLowerInvariant();
}
