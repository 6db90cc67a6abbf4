namespace OnnxIntervene.Baking.Weights;

/// <summary>Which elements of a matrix <c>[rows, columns]</c> share a scale and a zero point.</summary>
/// <param name="RowBlock">How many rows a group has.</param>
/// <param name="RowStride">From a group to the one below it; 0 where all rows are of one group.</param>
/// <param name="ColumnBlock">How many columns a group has.</param>
/// <param name="ColumnStride">From a group to the one beside it; 0 where all columns are of one group.</param>
internal readonly record struct GroupLayout(int RowBlock, int RowStride, int ColumnBlock, int ColumnStride)
{
    /// <summary>One group for the whole matrix.</summary>
    public static GroupLayout Whole => new(1, 0, 1, 0);

    /// <summary>The group of an element.</summary>
    public int Of(int row, int column) => (row / RowBlock * RowStride) + (column / ColumnBlock * ColumnStride);
}
