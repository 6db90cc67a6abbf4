using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>
/// Heatmaps over the same rows and columns, of which a reader chooses one, such as one for each head. Immutable.
/// </summary>
public sealed record HeatmapStack : Figure
{
    /// <summary>By what a heatmap is chosen; the last one changes fastest in <see cref="Slices"/>.</summary>
    public required ImmutableArray<StackChoice> Choices { get; init; }

    /// <summary>
    /// A heatmap for each combination of choices: for layers and heads, all heads of the first layer come first. Scales
    /// and value labels may differ, so that a choice may be a metric.
    /// </summary>
    public required ImmutableArray<Heatmap> Slices { get; init; }

    private protected override string Kind => "stack of heatmaps";

    /// <summary>The labels that choose a heatmap, one for each choice.</summary>
    /// <param name="slice">The heatmap's index in <see cref="Slices"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such heatmap.</exception>
    public ImmutableArray<string> LabelsOf(int slice)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slice);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slice, Slices.Length);
        var labels = new string[Choices.Length];
        for (var choice = Choices.Length - 1; choice >= 0; choice--)
        {
            labels[choice] = Choices[choice].Labels[slice % Choices[choice].Labels.Length];
            slice /= Choices[choice].Labels.Length;
        }

        return [.. labels];
    }

    internal override void Check()
    {
        if (Choices.IsDefaultOrEmpty || Choices.Any(choice => choice.Labels.IsDefaultOrEmpty))
            throw Fault("has nothing to choose by. Give each choice a name and labels.");
        var combinations = Choices.Aggregate(1L, (product, choice) => product * choice.Labels.Length);
        if (Slices.IsDefault || Slices.Length != combinations)
        {
            var count = Slices.IsDefault ? 0 : Slices.Length;
            throw Fault($"has {combinations} combinations of choices but {count} heatmaps. Give one for each.");
        }

        foreach (var slice in Slices)
        {
            slice.Check();
            if (!slice.RowLabels.SequenceEqual(Slices[0].RowLabels) || !HasColumnsOf(slice, Slices[0]))
                throw Fault($"has heatmaps of different rows or columns: '{slice.Title}' is not like the first.");
        }
    }

    private static bool HasColumnsOf(Heatmap slice, Heatmap first) =>
        slice.ColumnLabels.SequenceEqual(first.ColumnLabels)
        && (slice.RowAxis, slice.ColumnAxis) == (first.RowAxis, first.ColumnAxis);
}
