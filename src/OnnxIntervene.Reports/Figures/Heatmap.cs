using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>A table of numbers, drawn as colours. Immutable.</summary>
public sealed record Heatmap : Figure
{
    /// <summary>A label for each row, top to bottom. Drawing makes outer spaces and line ends visible.</summary>
    public required ImmutableArray<string> RowLabels { get; init; }

    /// <summary>A label for each column, left to right.</summary>
    public required ImmutableArray<string> ColumnLabels { get; init; }

    /// <summary>The numbers, row by row; NaN where nothing was measured.</summary>
    public required ImmutableArray<double> Values { get; init; }

    /// <summary>The standard error of each number, in its unit; empty where none is known.</summary>
    public ImmutableArray<double> Errors
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>How many measurements, such as prompts, each number is the mean of; empty for none.</summary>
    public ImmutableArray<int> Counts
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>What rows are, such as <c>Token</c>.</summary>
    public required string RowAxis { get; init; }

    /// <summary>What columns are, such as <c>Layer</c>.</summary>
    public required string ColumnAxis { get; init; }

    /// <summary>What the numbers are, such as <c>p( Seattle)</c>.</summary>
    public required string ValueLabel { get; init; }

    /// <summary>Maps the numbers to colours.</summary>
    public required ColorScale Scale { get; init; }

    /// <summary>Rows whose labels are marked with a star, such as the subject's tokens.</summary>
    public ImmutableArray<int> EmphasizedRows
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Columns whose labels are marked with a star.</summary>
    public ImmutableArray<int> EmphasizedColumns
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>The number at a row and a column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row or column.</exception>
    public double this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            ArgumentOutOfRangeException.ThrowIfNegative(column);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, RowLabels.Length);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(column, ColumnLabels.Length);
            return Values[(row * ColumnLabels.Length) + column];
        }
    }

    private protected override string Kind => "heatmap";

    internal override void Check()
    {
        if (RowLabels.IsDefaultOrEmpty || ColumnLabels.IsDefaultOrEmpty)
            throw Fault("has no rows or no columns. Give a label for each row and each column.");
        var cells = (long)RowLabels.Length * ColumnLabels.Length;
        if (Values.IsDefault || Values.Length != cells)
        {
            var count = Values.IsDefault ? 0 : Values.Length;
            throw Fault(
                $"has {RowLabels.Length} rows and {ColumnLabels.Length} columns but {count} values. "
                    + $"Give {cells} values, row by row, and NaN where nothing was measured."
            );
        }

        CheckLength("standard errors", Errors.Length);
        CheckLength("counts", Counts.Length);
        CheckEmphasis("row", EmphasizedRows, RowLabels.Length);
        CheckEmphasis("column", EmphasizedColumns, ColumnLabels.Length);
    }

    private void CheckLength(string what, int length)
    {
        if (length > 0 && length != Values.Length)
            throw Fault($"has {Values.Length} values but {length} {what}. Give one for each value, or none.");
    }

    private void CheckEmphasis(string kind, ImmutableArray<int> emphasized, int count)
    {
        foreach (var index in emphasized)
        {
            if (index < 0 || index >= count)
                throw Fault($"emphasizes {kind} {index}, but its {kind}s are 0 to {count - 1}.");
        }
    }
}
