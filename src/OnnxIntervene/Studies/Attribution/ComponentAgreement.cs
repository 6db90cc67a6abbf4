using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>How well the estimates of one component's cells agree with what patching measured.</summary>
/// <param name="Component">The component.</param>
/// <param name="Metric">The metric.</param>
/// <param name="Correlation">
/// Pearson's correlation over cells, of effects that are means over prompts; NaN where either is the same everywhere.
/// </param>
/// <param name="PromptCorrelation">The same over every cell of every prompt.</param>
/// <param name="Difference">The mean distance of estimate and measurement, over cells of means.</param>
/// <param name="MostDifferent">The cells whose means differ most, the worst first.</param>
public sealed record ComponentAgreement(
    string Component,
    Metric Metric,
    double Correlation,
    double PromptCorrelation,
    double Difference,
    ImmutableArray<CellAgreement> MostDifferent
);

/// <summary>What patching a cell was estimated to do and does, both as means over prompts.</summary>
/// <param name="Row">The label of its row, such as a layer.</param>
/// <param name="Column">The label of its column, such as a position or a head.</param>
/// <param name="Estimated">The estimated change of the metric.</param>
/// <param name="Measured">The measured change.</param>
public sealed record CellAgreement(string Row, string Column, double Estimated, double Measured);
