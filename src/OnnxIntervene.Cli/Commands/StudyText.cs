using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Grids;
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
            StandardError = double.IsNaN(mean.StandardError) ? (double?)null : mean.StandardError,
            mean.Count,
        };

    /// <summary>A grid as JSON: its labels, means, standard errors and numbers of prompts, row by row.</summary>
    public static object Data(StudyGrid grid) =>
        new
        {
            grid.Layout.Name,
            grid.Layout.Rows,
            grid.Layout.ColumnAxis,
            grid.Layout.Columns,
            Mean = JsonText.Rows(grid.Mean),
            StandardError = JsonText.Rows(grid.StandardError),
            Count = JsonText.Rows(grid.Count),
        };

    /// <summary>A grid of layers as a picture, which is called as the grid is.</summary>
    /// <param name="prompts">The prompts, whose tokens positions are.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="label">What the numbers are.</param>
    /// <param name="scale">The colours; those that fit where it is left out.</param>
    public static ReportHeatmap Heatmap(
        ImmutableArray<StudyPrompt> prompts,
        StudyGrid grid,
        string title,
        string label,
        ColorScale? scale = null
    ) =>
        new(grid.Layout.Name, new GridFigures(prompts).Heatmap(grid, title, label, scale ?? GridFigures.Fitting(grid)));

    /// <summary>Words with a capital letter, as they begin a title.</summary>
    public static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];

    public static string Number(double number) => number.ToString("F3", CultureInfo.InvariantCulture);

    /// <summary>The facts that every such report begins with.</summary>
    public static ImmutableArray<ReportFact> Facts(LoadedModel model, ImmutableArray<StudyPrompt> prompts) =>
        [
            new("model", StudyFacts.ModelName(model)),
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
