using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How reports of studies that read show numbers, prompts and tables.</summary>
internal static class StudyText
{
    /// <summary>A mean, with its standard error where there is one.</summary>
    public static string Mean(SampleMean mean) => Mean(mean.Mean, mean.StandardError);

    /// <inheritdoc cref="Mean(SampleMean)"/>
    public static string Mean(double mean, double error) =>
        double.IsNaN(error) ? Number(mean) : $"{Number(mean)} ± {Number(error)}";

    /// <summary>A mean as JSON.</summary>
    public static object Data(SampleMean mean) =>
        new
        {
            mean.Mean,
            mean.StandardError,
            mean.Count,
        };

    public static string Number(double number) => number.ToString("F3", CultureInfo.InvariantCulture);

    /// <summary>The facts that every such report begins with.</summary>
    public static ImmutableArray<ReportFact> Facts(LoadedModel model, ImmutableArray<StudyPrompt> prompts) =>
        [
            new("model", Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(model.File.Path)))!),
            prompts is [{ Text: { } text }] ? new("prompt", text.Text) : new("prompts", $"{prompts.Length}"),
        ];

    /// <summary>Prints a report's tables.</summary>
    public static void Write(Terminal terminal, Report report)
    {
        foreach (var table in report.Tables)
        {
            terminal.Output.WriteLine(table.Title);
            terminal.WriteTable(table.Columns, table.Rows.Select(row => (IReadOnlyList<string>)row));
        }
    }
}
