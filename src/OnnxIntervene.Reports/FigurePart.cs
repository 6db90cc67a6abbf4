using System.Collections.Immutable;
using System.Diagnostics;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>What gets files of its own: a figure, and single heatmaps of a figure that has many.</summary>
/// <param name="Name">The name that its files have.</param>
/// <param name="Figure">What is drawn.</param>
/// <param name="HasTable">Whether its numbers are in no other part's table.</param>
internal sealed record FigurePart(string Name, Figure Figure, bool HasTable)
{
    private const int MostSingles = 16;

    /// <summary>
    /// The figure itself; the heatmaps of a stack where they are few; the grid of heads, and the patterns of the heads
    /// with the largest scores.
    /// </summary>
    public static IEnumerable<FigurePart> Of(ReportFigure figure)
    {
        figure.Figure.Check();
        var whole = new FigurePart(figure.Name, figure.Figure, HasTable: true);
        return figure.Figure switch
        {
            Heatmap or LinePlot or NodeGraph => [whole],
            HeatmapStack stack => [whole, .. Slices(figure.Name, stack)],
            AttentionPatterns patterns => [whole, Grid(figure.Name, patterns), .. Strongest(figure.Name, patterns)],
            _ => throw new UnreachableException($"No parts are known of {figure.Figure.GetType().Name}."),
        };
    }

    /// <summary>The same parts with names that files can have, each its own.</summary>
    public static ImmutableArray<FigurePart> Named(IEnumerable<ReportFigure> figures)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. figures
                .SelectMany(Of)
                .Select(part => part with { Name = FileName.Free(part.Name, part.Fallback, taken) }),
        ];
    }

    private string Fallback => Figure is Heatmap ? "heatmap" : "figure";

    private static FigurePart Grid(string name, AttentionPatterns figure) =>
        new($"{name}-heads", figure.Grid, HasTable: true);

    private static IEnumerable<FigurePart> Slices(string name, HeatmapStack stack) =>
        stack.Slices.Length > MostSingles
            ? []
            : stack.Slices.Select(
                (slice, index) =>
                    new FigurePart($"{name}-{string.Join('-', stack.LabelsOf(index))}", slice, HasTable: false)
            );

    private static IEnumerable<FigurePart> Strongest(string name, AttentionPatterns figure) =>
        figure
            .Patterns.OrderByDescending(pattern => Strength(figure.Grid[pattern.Layer, pattern.Head]))
            .Take(MostSingles)
            .Select(pattern => new FigurePart(
                $"{name}-{figure.Grid.RowLabels[pattern.Layer]}-{figure.Grid.ColumnLabels[pattern.Head]}",
                figure.HeatmapOf(pattern),
                HasTable: false
            ));

    private static double Strength(double score) => double.IsNaN(score) ? -1 : Math.Abs(score);
}
