using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Many small heatmaps in one picture, as papers show all heads at once.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Caption">Below the picture.</param>
/// <param name="Columns">How many panels stand side by side.</param>
/// <param name="Panels">The heatmaps and their short names.</param>
internal sealed record PanelSheet(
    string Title,
    string Caption,
    int Columns,
    ImmutableArray<(string Name, Heatmap Heatmap)> Panels
)
{
    private const int MostColumns = 16;

    /// <summary>The scale of all panels; null where they differ.</summary>
    public ColorScale? Scale
    {
        get
        {
            var first = Panels[0].Heatmap;
            return Panels.All(panel => IsLike(panel.Heatmap, first)) ? first.Scale : null;
        }
    }

    public static PanelSheet Of(HeatmapStack stack)
    {
        var across = stack.Choices[^1].Labels.Length;
        var names = string.Join(Separator(stack), stack.Choices.Select(choice => choice.Name.ToLowerInvariant()));
        return new PanelSheet(
            stack.Title,
            Sentence(stack.Caption, $"Each panel: {names}; {Axes(stack.Slices[0])}."),
            stack.Choices.Length > 1 && across <= MostColumns ? across : Squarish(stack.Slices.Length),
            [.. stack.Slices.Select((slice, index) => (Name(stack, index), slice))]
        );
    }

    public static PanelSheet Of(AttentionPatterns figure)
    {
        var (rows, columns) = (figure.Grid.RowLabels, figure.Grid.ColumnLabels);
        var heatmaps = figure
            .Patterns.OrderBy(pattern => (pattern.Layer, pattern.Head))
            .Select(pattern => ($"{rows[pattern.Layer]}.{columns[pattern.Head]}", figure.HeatmapOf(pattern)))
            .ToImmutableArray();
        var isWhole = figure.Patterns.Length == rows.Length * columns.Length && columns.Length <= MostColumns;
        return new PanelSheet(
            figure.Title,
            Sentence(figure.Caption, "Each panel: layer.head; query down, key across."),
            isWhole ? columns.Length : Squarish(heatmaps.Length),
            heatmaps
        );
    }

    private static bool IsLike(Heatmap one, Heatmap other) =>
        (one.Scale.Minimum, one.Scale.Maximum, one.ValueLabel)
            == (other.Scale.Minimum, other.Scale.Maximum, other.ValueLabel)
        && one.Scale.Stops.SequenceEqual(other.Scale.Stops);

    private static string Name(HeatmapStack stack, int index) => string.Join(Separator(stack), stack.LabelsOf(index));

    // "9.6" is how papers name a head; words need more room between them.
    private static string Separator(HeatmapStack stack) =>
        stack.Choices.SelectMany(choice => choice.Labels).All(label => label.All(char.IsAsciiDigit)) ? "." : ", ";

    private static string Axes(Heatmap heatmap) =>
        $"{heatmap.RowAxis.ToLowerInvariant()} down, {heatmap.ColumnAxis.ToLowerInvariant()} across";

    private static string Sentence(string caption, string more) => caption.Length == 0 ? more : $"{caption} {more}";

    private static int Squarish(int count) => Math.Clamp((int)Math.Ceiling(Math.Sqrt(count)), 1, MostColumns);
}
