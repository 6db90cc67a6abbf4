using System.Collections.Immutable;

namespace OnnxIntervene.Reports;

/// <summary>A result to look at: facts, heatmaps and tables, and the same as JSON. Immutable.</summary>
public sealed record Report
{
    /// <summary>The page's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What it is about, in a sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Names and values above the pictures.</summary>
    public ImmutableArray<ReportFact> Facts
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>What makes the result mean little, a sentence each; the page shows them above the facts.</summary>
    public ImmutableArray<string> Warnings
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>The heatmaps, which come first.</summary>
    public ImmutableArray<ReportHeatmap> Heatmaps
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Figures of any kind, below the heatmaps.</summary>
    public ImmutableArray<ReportFigure> Figures
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>The tables below the pictures.</summary>
    public ImmutableArray<ReportTable> Tables
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>What was asked for: the options' names and values, for whoever repeats it.</summary>
    public ImmutableArray<ReportFact> Configuration
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>What it was made with: names and versions of programs, the system, the execution provider.</summary>
    public ImmutableArray<ReportFact> Versions
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>The whole result as JSON, which the page holds in its script element <c>result</c>.</summary>
    public required string Json { get; init; }

    /// <summary>The command that made it.</summary>
    public string Command { get; init; } = "";

    /// <summary>All figures in their order on the page.</summary>
    internal IEnumerable<ReportFigure> AllFigures =>
        [.. Heatmaps.Select(heatmap => new ReportFigure(heatmap.Name, heatmap.Heatmap)), .. Figures];
}
