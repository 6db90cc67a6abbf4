using System.Collections.Immutable;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>Compares attribution patching with the activation patching that it estimates.</summary>
public static class AttributionComparison
{
    /// <summary>The agreement of each component, and of each metric: component by component.</summary>
    /// <param name="estimated">What <see cref="AttributionSweep"/> gave.</param>
    /// <param name="measured">What <see cref="PatchSweep"/> gave for the same request.</param>
    /// <param name="direction">Which run was patched.</param>
    /// <param name="count">How many of the cells that differ most are listed.</param>
    /// <exception cref="ArgumentException">The results are of different requests.</exception>
    public static ImmutableArray<ComponentAgreement> Of(
        GridResult estimated,
        GridResult measured,
        PatchDirection direction,
        int count = 10
    )
    {
        ArgumentNullException.ThrowIfNull(estimated);
        ArgumentNullException.ThrowIfNull(measured);
        if (
            estimated.Prompts.Length != measured.Prompts.Length
            || !estimated.Metrics.SequenceEqual(measured.Metrics)
            || !estimated
                .Layouts.Select(layout => layout.Count)
                .SequenceEqual(measured.Layouts.Select(one => one.Count))
        )
            throw new ArgumentException("The two results are of different requests.", nameof(measured));
        var (to, _) = PatchWays.Of(direction);
        return
        [
            .. from grid in Enumerable.Range(0, estimated.Layouts.Length)
            from metric in Enumerable.Range(0, estimated.Metrics.Length)
            select Agreement(
                estimated.Layouts[grid],
                estimated.Metrics[metric],
                estimated.Effects(grid, metric, to),
                measured.Effects(grid, metric, to),
                count
            ),
        ];
    }

    private static ComponentAgreement Agreement(
        GridLayout layout,
        Metrics.Metric metric,
        ImmutableArray<ImmutableArray<double>> estimated,
        ImmutableArray<ImmutableArray<double>> measured,
        int count
    )
    {
        var cells = Enumerable
            .Range(0, layout.Count)
            .Select(cell => new CellAgreement(
                layout.Rows[cell / layout.Columns.Length],
                layout.Columns[cell % layout.Columns.Length],
                estimated.Average(prompt => prompt[cell]),
                measured.Average(prompt => prompt[cell])
            ))
            .ToList();
        return new ComponentAgreement(
            layout.Name,
            metric,
            Correlation([.. cells.Select(cell => (cell.Estimated, cell.Measured))]),
            Correlation([.. estimated.Zip(measured, (left, right) => left.Zip(right)).SelectMany(pairs => pairs)]),
            cells.Average(Distance),
            [.. cells.OrderByDescending(Distance).Take(count)]
        );
    }

    private static double Distance(CellAgreement cell) => Math.Abs(cell.Estimated - cell.Measured);

    private static double Correlation(List<(double Left, double Right)> pairs)
    {
        var (left, right) = (pairs.Average(pair => pair.Left), pairs.Average(pair => pair.Right));
        var together = pairs.Sum(pair => (pair.Left - left) * (pair.Right - right));
        var apart = pairs.Sum(pair => Square(pair.Left - left)) * pairs.Sum(pair => Square(pair.Right - right));
        return together / Math.Sqrt(apart);
    }

    private static double Square(double number) => number * number;
}
