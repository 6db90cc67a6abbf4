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
    public static ReportFormats Read(string names) =>
        Split(names).Aggregate(ReportFormats.None, (formats, name) => formats | Known(name));

    /// <summary>Requires names of formats with commas between.</summary>
    public static void Require(OptionResult result)
    {
        foreach (var name in result.Tokens.SelectMany(token => Split(token.Value)))
        {
            if (Known(name) == ReportFormats.None)
                result.AddError($"--formats '{name}': there is no such format. There are: {List}, and all.");
        }
    }

    private static string[] Split(string names) => names.Split(',', StringSplitOptions.TrimEntries);

    private static ReportFormats Known(string name) =>
        name == All ? ReportFormats.All : s_formats.FirstOrDefault(format => Name(format) == name);

    private static string Name(ReportFormats format) => $"{format}".ToLowerInvariant();
}
