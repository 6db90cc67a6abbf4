using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Attribution;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a report of patching says of cells that were estimated and not run.</summary>
/// <param name="Steps">How many points gradients were averaged over; 0 for the patched run alone.</param>
/// <param name="Agreement">How well they agree with activation patching; empty where it was not run.</param>
internal sealed record PatchEstimate(int Steps, ImmutableArray<ComponentAgreement> Agreement)
{
    /// <summary>How they were estimated, a sentence.</summary>
    public string Summary =>
        Steps == 0
            ? "Estimated to first order, by gradients: no cell was run. "
            : $"Estimated by gradients, integrated over {Steps} points of each component's way: no cell was run. ";

    /// <summary>The correlations.</summary>
    public IEnumerable<ReportFact> Facts =>
        Agreement.Select(one => new ReportFact(
            $"correlation with activation patching, {NameOf(one)}",
            Number(one.Correlation) + (HasPrompts(one) ? $" ({Number(one.PromptCorrelation)} over prompts)" : "")
        ));

    /// <summary>The cells that differ most.</summary>
    public IEnumerable<ReportTable> Tables =>
        Agreement.Select(one => new ReportTable(
            $"Cells of {NameOf(one)} whose estimate differs most from patching: change of the {one.Metric.Title}",
            ["row", "column", "estimated", "measured"],
            [
                .. one.MostDifferent.Select(cell =>
                    ImmutableArray.Create(cell.Row, cell.Column, Number(cell.Estimated), Number(cell.Measured))
                ),
            ]
        ));

    /// <summary>All of it for JSON; null where nothing was compared.</summary>
    public object? Data =>
        Agreement.IsEmpty
            ? null
            : Agreement.Select(one => new
            {
                one.Component,
                Metric = one.Metric.Name,
                Correlation = Finite(one.Correlation),
                PromptCorrelation = Finite(one.PromptCorrelation),
                MeanDifference = one.Difference,
                one.MostDifferent,
            });

    private string NameOf(ComponentAgreement one) =>
        Agreement.Any(other => other.Metric != one.Metric) ? $"{one.Component}, {one.Metric}" : one.Component;

    private static bool HasPrompts(ComponentAgreement one) =>
        double.IsFinite(one.PromptCorrelation) && Math.Abs(one.PromptCorrelation - one.Correlation) > 1e-9;

    private static double? Finite(double number) => double.IsFinite(number) ? number : null;

    private static string Number(double number) => number.ToString("F3", CultureInfo.InvariantCulture);
}
