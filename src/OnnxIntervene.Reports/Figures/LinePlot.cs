using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>Lines over one axis, such as layers, with bands of a standard error to each side. Immutable.</summary>
public sealed record LinePlot : Figure
{
    /// <summary>What the axis is, such as <c>Layer</c>.</summary>
    public required string Axis { get; init; }

    /// <summary>A label for each place of the axis, left to right.</summary>
    public required ImmutableArray<string> AxisLabels { get; init; }

    /// <summary>What the numbers are, such as <c>logits</c>.</summary>
    public required string ValueLabel { get; init; }

    /// <summary>The lines.</summary>
    public required ImmutableArray<LineSeries> Series { get; init; }

    private protected override string Kind => "line plot";

    internal override void Check()
    {
        if (AxisLabels.IsDefaultOrEmpty || Series.IsDefaultOrEmpty)
            throw Fault("has no places or no lines. Give a label for each place, and a series for each line.");
        foreach (var series in Series)
        {
            CheckLength(series, "values", series.Values.IsDefault ? 0 : series.Values.Length);
            if (!series.Errors.IsEmpty)
                CheckLength(series, "standard errors", series.Errors.Length);
            if (!series.Counts.IsEmpty)
                CheckLength(series, "counts", series.Counts.Length);
        }
    }

    private void CheckLength(LineSeries series, string what, int length)
    {
        if (length != AxisLabels.Length)
        {
            throw Fault(
                $"has {AxisLabels.Length} places on its axis but {length} {what} in '{series.Name}'. "
                    + "Give one for each place, and NaN where nothing was measured."
            );
        }
    }
}
