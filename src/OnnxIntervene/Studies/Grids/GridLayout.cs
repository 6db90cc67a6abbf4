using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Grids;

/// <summary>What one grid of a study's results shows.</summary>
/// <param name="Name">What it is called in files: the component.</param>
/// <param name="Rows">The labels of its rows, such as layers.</param>
/// <param name="Columns">The labels of its columns, such as positions or heads.</param>
/// <param name="ColumnAxis">What columns are: <c>position</c>, <c>head</c>, or <c>layer</c> for a single one.</param>
public sealed record GridLayout(
    string Name,
    ImmutableArray<string> Rows,
    ImmutableArray<string> Columns,
    string ColumnAxis
)
{
    /// <summary>How many places it has.</summary>
    public int Count => Rows.Length * Columns.Length;
}

/// <summary>A place in a study's results.</summary>
/// <param name="Grid">The number of the grid.</param>
/// <param name="Row">The row.</param>
/// <param name="Column">The column.</param>
internal readonly record struct GridPlace(int Grid, int Row, int Column);
