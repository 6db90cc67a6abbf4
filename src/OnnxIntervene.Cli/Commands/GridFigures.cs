using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Grids of studies as pictures and as JSON: layers across, positions or heads down.</summary>
internal static class GridFigures
{
    /// <summary>A grid's means as a heatmap.</summary>
    /// <param name="grid">The grid; its rows are layers.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="label">What the numbers are.</param>
    /// <param name="rowAxis">What the grid's columns are.</param>
    /// <param name="scale">The colours; those that fit where it is left out.</param>
    public static ReportHeatmap Heatmap(
        StudyGrid grid,
        string title,
        string label,
        string rowAxis,
        ColorScale? scale = null
    )
    {
        var (layers, columns) = (grid.Layout.Rows, grid.Layout.Columns);
        ImmutableArray<double> values =
        [
            .. Enumerable
                .Range(0, columns.Length)
                .SelectMany(column => Enumerable.Range(0, layers.Length).Select(row => (double)grid.Mean[row, column])),
        ];
        return new ReportHeatmap(
            grid.Layout.Name,
            new Heatmap
            {
                Title = title,
                RowLabels = columns,
                ColumnLabels = layers,
                Values = values,
                RowAxis = rowAxis,
                ColumnAxis = "Layer",
                ValueLabel = label,
                Scale = scale ?? ColorScale.For(values),
            }
        );
    }

    /// <summary>A grid as JSON: its labels, means, standard errors and numbers of prompts, row by row.</summary>
    public static object Data(StudyGrid grid) =>
        new
        {
            grid.Layout.Name,
            grid.Layout.Rows,
            grid.Layout.Columns,
            grid.Layout.ColumnAxis,
            Mean = JsonText.Rows(grid.Mean),
            StandardError = JsonText.Rows(grid.StandardError),
            Count = JsonText.Rows(grid.Count),
        };
}
