using System.Collections.Immutable;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Draws the grids of a study: tokens or heads down, layers across.</summary>
internal sealed class GridFigures(ImmutableArray<StudyPrompt> prompts)
{
    private const int MostLines = 8;

    /// <summary>Colours as far below 0 as above, up to the largest number of a grid.</summary>
    public static ColorScale Centred(StudyGrid grid) =>
        ColorScale.Diverging(grid.Mean.Values.ToArray().Where(float.IsFinite).Append(0).Max(Math.Abs));

    /// <summary>The colours that fit a grid's numbers.</summary>
    public static ColorScale Fitting(StudyGrid grid) =>
        ColorScale.For(grid.Mean.Values.ToArray().Select(value => (double)value));

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
            Values = Numbers(mean, isTurned),
            Errors = HasErrors ? Numbers(grid.StandardError, isTurned) : [],
            Counts = HasErrors ? [.. Numbers(grid.Count, isTurned).Select(count => (int)count)] : [],
            RowAxis = isTurned ? AxisOf(layout) : "Layer.head",
            ColumnAxis = isTurned ? "Layer" : AxisOf(layout),
            ValueLabel = label,
            Scale = scale,
            EmphasizedRows = isTurned ? Emphasized(layout) : [],
        };
    }

    /// <summary>
    /// A line over layers for each of a grid's columns, with their standard errors; none where there are too many
    /// columns to tell lines apart, or one layer.
    /// </summary>
    public ImmutableArray<ReportFigure> Lines(StudyGrid grid, string name, string title, string label)
    {
        var layout = grid.Layout;
        if (layout.Columns.Length > MostLines || layout.Rows.Length < 2 || layout.Rows[0].Contains('.'))
            return [];
        var names = ColumnLabels(layout);
        return
        [
            new(
                name,
                new LinePlot
                {
                    Title = title,
                    Axis = "Layer",
                    AxisLabels = layout.Rows,
                    ValueLabel = label,
                    Series =
                    [
                        .. names.Select(
                            (line, column) =>
                                new LineSeries(line, Column(grid.Mean, column))
                                {
                                    Errors = HasErrors ? Column(grid.StandardError, column) : [],
                                    Counts = HasErrors
                                        ? [.. Column(grid.Count, column).Select(count => (int)count)]
                                        : [],
                                }
                        ),
                    ],
                }
            ),
        ];
    }

    private static ImmutableArray<double> Column(SweepGrid grid, int column) =>
        [.. Enumerable.Range(0, grid.Rows).Select(row => (double)grid[row, column])];

    // One prompt has no error.
    private bool HasErrors => prompts.Length > 1;

    private static ImmutableArray<double> Numbers(SweepGrid grid, bool isTurned) =>
        isTurned
            ?
            [
                .. Enumerable
                    .Range(0, grid.Columns)
                    .SelectMany(column => Enumerable.Range(0, grid.Rows).Select(row => (double)grid[row, column])),
            ]
            : [.. grid.Values.ToArray().Select(value => (double)value)];

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
