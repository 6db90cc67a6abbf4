namespace OnnxIntervene.Reports;

/// <summary>Where the parts of a heatmap's picture stand, in pixels.</summary>
/// <param name="Rows">How many rows.</param>
/// <param name="Columns">How many columns.</param>
/// <param name="RowLabelWidth">Room for the longest row label.</param>
/// <param name="ColumnLabelHeight">Room for the column labels.</param>
internal sealed record HeatmapLayout(int Rows, int Columns, float RowLabelWidth, float ColumnLabelHeight)
{
    public const float Margin = 16;
    public const float TitleHeight = 34;
    public const float AxisHeight = 26;
    public const float BarWidth = 16;
    public const float BarRoom = 96;
    public const float FontSize = 13;
    public const float CellHeight = 22;
    public const float Top = Margin + TitleHeight;

    /// <summary>A cell's width: wide enough for a number below the cells, yet some 500 pixels in all where columns are few.</summary>
    public float CellWidth => Math.Clamp(460f / Columns, 24, 60);

    public float Left => Margin + AxisHeight + RowLabelWidth + 6;

    public float GridWidth => Columns * CellWidth;

    public float GridHeight => Rows * CellHeight;

    public int Width => (int)Math.Ceiling(Left + GridWidth + BarRoom + Margin);

    public int Height => (int)Math.Ceiling(Top + Math.Max(GridHeight, 80) + ColumnLabelHeight + AxisHeight + Margin);

    public float BarLeft => Left + GridWidth + 18;

    public float BarHeight => Math.Max(GridHeight, 80);

    public (float X, float Y) Cell(int row, int column) => (Left + (column * CellWidth), Top + (row * CellHeight));
}
