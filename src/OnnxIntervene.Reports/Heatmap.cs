using System.Collections.Immutable;

namespace OnnxIntervene.Reports;

/// <summary>A table of numbers to be looked at as colours. Immutable.</summary>
public sealed record Heatmap
{
    /// <summary>What is shown.</summary>
    public required string Title { get; init; }

    /// <summary>A label for each row.</summary>
    public required ImmutableArray<string> RowLabels { get; init; }

    /// <summary>A label for each column.</summary>
    public required ImmutableArray<string> ColumnLabels { get; init; }

    /// <summary>The numbers, row by row; NaN where nothing was measured.</summary>
    public required ImmutableArray<double> Values { get; init; }

    /// <summary>What rows are.</summary>
    public required string RowAxis { get; init; }

    /// <summary>What columns are.</summary>
    public required string ColumnAxis { get; init; }

    /// <summary>What the numbers are.</summary>
    public required string ValueLabel { get; init; }

    /// <summary>From numbers to colours.</summary>
    public required ColorScale Scale { get; init; }

    /// <summary>Rows whose labels are marked with a star, such as the subject's tokens.</summary>
    public ImmutableArray<int> EmphasizedRows { get; init; } = [];

    /// <summary>The number at a row and a column.</summary>
    public double this[int row, int column] => Values[(row * ColumnLabels.Length) + column];

    /// <summary>A row's label as it is shown.</summary>
    internal string ShownRow(int row) => Shorten(RowLabels[row]) + (EmphasizedRows.Contains(row) ? "*" : "");

    /// <summary>A column's label as it is shown.</summary>
    internal string ShownColumn(int column) => Shorten(ColumnLabels[column]);

    private static string Shorten(string label)
    {
        const int Longest = 18;
        var shown = label.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);
        return shown.Length <= Longest ? shown : $"{shown[..(Longest - 1)]}…";
    }
}
