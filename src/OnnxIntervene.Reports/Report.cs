using System.Collections.Immutable;

namespace OnnxIntervene.Reports;

/// <summary>A result to be looked at: facts, heatmaps, and the same for machines. Immutable.</summary>
public sealed record Report
{
    /// <summary>The page's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What it is about, in a sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Names and values that stand above the pictures.</summary>
    public ImmutableArray<ReportFact> Facts { get; init; } = [];

    /// <summary>The pictures.</summary>
    public ImmutableArray<ReportHeatmap> Heatmaps { get; init; } = [];

    /// <summary>The whole result as JSON.</summary>
    public required string Json { get; init; }

    /// <summary>The command that made it.</summary>
    public string Command { get; init; } = "";
}

/// <summary>A name and a value.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Its value, as it is shown.</param>
public sealed record ReportFact(string Name, string Value);

/// <summary>A heatmap and the name that its files bear.</summary>
/// <param name="Name">Letters, digits, hyphens and underscores.</param>
/// <param name="Heatmap">The heatmap.</param>
public sealed record ReportHeatmap(string Name, Heatmap Heatmap);
