namespace OnnxIntervene.Baking.Weights;

/// <summary>Which elements of a matrix <c>[rows, columns]</c> share a scale and a zero point.</summary>
internal sealed class GroupLayout
{
    private readonly int _rowBlock;
    private readonly int _columnBlock;
    private readonly int _rowStride;
    private readonly int _columnStride;
    private readonly bool _isByColumn;

    /// <param name="size">Rows and columns.</param>
    /// <param name="rowBlock">How many rows a group has.</param>
    /// <param name="columnBlock">How many columns a group has.</param>
    /// <param name="isByColumn">Whether the groups of a column follow each other; else those of a row do.</param>
    public GroupLayout((int Rows, int Columns) size, int rowBlock, int columnBlock, bool isByColumn = false)
    {
        (_rowBlock, _columnBlock, _isByColumn) = (rowBlock, columnBlock, isByColumn);
        (Down, Across) = (Blocks(size.Rows, rowBlock), Blocks(size.Columns, columnBlock));
        (_rowStride, _columnStride) = isByColumn ? (1, Down) : (Across, 1);
    }

    /// <summary>How many groups are one below the other.</summary>
    public int Down { get; }

    /// <summary>How many groups are side by side.</summary>
    public int Across { get; }

    /// <summary>How many groups there are.</summary>
    public int Count => Down * Across;

    /// <summary>How many rows, or columns, a group has.</summary>
    public int Block => Math.Max(_rowBlock, _columnBlock);

    /// <summary>The group of an element.</summary>
    public int Of(int row, int column) => (row / _rowBlock * _rowStride) + (column / _columnBlock * _columnStride);

    /// <summary>The same for a matrix of another size, in blocks of one part of as many rows or columns.</summary>
    public GroupLayout Sized(int rows, int columns, int parts = 1) =>
        new((rows, columns), Math.Max(1, _rowBlock / parts), Math.Max(1, _columnBlock / parts), _isByColumn);

    /// <summary>How many blocks hold so many elements.</summary>
    public static int Blocks(int count, int block) => (count + block - 1) / block;
}
