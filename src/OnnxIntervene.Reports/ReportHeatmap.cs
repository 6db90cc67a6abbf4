using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>A heatmap and the name that its files have.</summary>
/// <param name="Name">Letters, digits, dots, hyphens and underscores; anything else becomes a hyphen.</param>
/// <param name="Heatmap">The heatmap.</param>
public sealed record ReportHeatmap(string Name, Heatmap Heatmap);
