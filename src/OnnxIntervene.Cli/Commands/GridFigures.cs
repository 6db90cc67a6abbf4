using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Draws the grids of a study: tokens or heads down, layers across.</summary>
internal sealed class GridFigures(ImmutableArray<StudyPrompt> prompts)
{
    /// <summary>A grid as a picture.</summary>
    public Heatmap Heatmap(StudyGrid grid, string title, string label, ColorScale scale)
    {
        var (layout, mean) = (grid.Layout, grid.Mean);

        // Heads at positions have a row each, of which there are many more than positions.
        var isTurned = layout.ColumnAxis != "position" || !layout.Rows[0].Contains('.', StringComparison.Ordinal);
        return new Heatmap
        {
            Title = title,
            RowLabels = isTurned ? ColumnLabels(layout) : layout.Rows,
            ColumnLabels = isTurned ? layout.Rows : ColumnLabels(layout),
            Values = isTurned
                ?
                [
                    .. Enumerable
                        .Range(0, mean.Columns)
                        .SelectMany(column => Enumerable.Range(0, mean.Rows).Select(row => (double)mean[row, column])),
                ]
                : [.. mean.Values.ToArray().Select(value => (double)value)],
            RowAxis = isTurned ? AxisOf(layout) : "Layer.head",
            ColumnAxis = isTurned ? "Layer" : AxisOf(layout),
            ValueLabel = label,
            Scale = scale,
            EmphasizedRows = isTurned ? Emphasized(layout) : [],
        };
    }

    private string AxisOf(GridLayout layout) =>
        layout.ColumnAxis switch
        {
            "head" => "Head",
            "position" => IsOneText(layout) ? "Token" : "Position",
            _ => "Positions",
        };

    private bool IsOneText(GridLayout layout) =>
        layout.ColumnAxis == "position"
        && prompts is [{ Text: not null }]
        && layout.Columns.All(label => int.TryParse(label, out _));

    // The subject's tokens, where columns are positions of one prompt.
    private ImmutableArray<int> Emphasized(GridLayout layout) =>
        IsOneText(layout) && prompts[0].Positions.TryGetValue(StudyPromptFile.Subject, out var subject)
            ?
            [
                .. Enumerable
                    .Range(0, layout.Columns.Length)
                    .Where(column => subject.Contains(int.Parse(layout.Columns[column], null))),
            ]
            : [];

    // One prompt's tokens; where the two prompts differ, both are shown.
    private ImmutableArray<string> ColumnLabels(GridLayout layout) =>
        IsOneText(layout)
            ? [.. layout.Columns.Select(label => TokenAt(prompts[0], int.Parse(label, null)))]
            : layout.Columns;

    private static string TokenAt(StudyPrompt prompt, int position)
    {
        var (clean, corrupt) = (prompt.Text!, prompt.CorruptText);
        return corrupt is null || clean.Ids[position] == corrupt.Ids[position]
            ? clean.Tokens[position]
            : $"{Visible(clean.Tokens[position])} / {Visible(corrupt.Tokens[position])}";
    }

    // Side by side, a token's leading space would be lost.
    private static string Visible(string token) => token.Replace(' ', '·');
}
