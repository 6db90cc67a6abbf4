using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>A line of a plot.</summary>
/// <param name="Name">What the line is, as the legend says it.</param>
/// <param name="Values">A number for each place of the axis; NaN leaves a gap.</param>
public sealed record LineSeries(string Name, ImmutableArray<double> Values)
{
    /// <summary>The standard error of each number, drawn as a band around the line; empty for none.</summary>
    public ImmutableArray<double> Errors
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>How many measurements each number is the mean of; empty for none.</summary>
    public ImmutableArray<int> Counts
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];
}
