using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>A figure of any kind and the name that its files have.</summary>
/// <param name="Name">Letters, digits, dots, hyphens and underscores; anything else becomes a hyphen.</param>
/// <param name="Figure">The figure.</param>
public sealed record ReportFigure(string Name, Figure Figure);
