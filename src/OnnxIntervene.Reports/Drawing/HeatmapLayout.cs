using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Where the parts of a heatmap's picture are, in points.</summary>
internal sealed class HeatmapLayout
{
    public const float Margin = 14;
    public const float TitleSize = 14;
    public const float FontSize = 12;
    public const float SmallSize = 11;
    public const float Gap = 6;
    public const float BarWidth = 14;
    public const float MissingHeight = 12;

    private const float AxisRoom = 22;
    private const float TitleLine = 19;
    private const float CaptionLine = 15;
    private const float LeastBody = 110;
    private const float WidestNarrow = 400;
    private const int LongestFlatLabel = 3;

    private HeatmapLayout() { }

    public required SKSizeI Cell { get; init; }

    public required SKRect Grid { get; init; }

    public required SKRect Bar { get; init; }

    /// <summary>One label in how many is shown, so that labels do not touch.</summary>
    public required int RowStride { get; init; }

    public required int ColumnStride { get; init; }

    public required bool AreColumnLabelsTurned { get; init; }

    /// <summary>The middle line of the columns' axis name, and of the values' turned name.</summary>
    public required float ColumnAxisY { get; init; }

    public required float ValueLabelX { get; init; }

    public required ImmutableArray<string> TitleLines { get; init; }

    public required ImmutableArray<string> CaptionLines { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public float CaptionTop => Height - Margin - (CaptionLines.Length * CaptionLine);

    public static HeatmapLayout Of(Heatmap heatmap)
    {
        var columns = ColumnWidths(heatmap);
        var rowLabel = Widest(heatmap.RowLabels, heatmap.EmphasizedRows, out _);
        var left = MathF.Ceiling(Margin + (heatmap.RowAxis.Length > 0 ? AxisRoom : 0) + rowLabel + Gap);
        var cell = new SKSizeI(columns.Cell, CellHeight(heatmap.RowLabels.Length));
        var width = (float)cell.Width * heatmap.ColumnLabels.Length;
        var height = (float)cell.Height * heatmap.RowLabels.Length;
        var barLeft = left + width + 20;
        var valueLabelX = barLeft + BarWidth + Gap + ScaleBarPainter.WidestTick(heatmap.Scale) + 14;
        var (title, caption, textWidth) = Wrap(heatmap, valueLabelX + 8 - Margin);
        var top = Margin + (title.Length * TitleLine) + (title.Length > 0 ? Gap : 0);
        var body = Math.Max(height, Math.Max(LeastBody, ScaleBarPainter.NameLength(heatmap.ValueLabel)));
        var axisY = top + height + Gap + columns.LabelHeight + (AxisRoom / 2) + 2;
        var foot = Math.Max(top + body + Gap, axisY + (heatmap.ColumnAxis.Length > 0 ? 10 : -AxisRoom / 2));
        var captionHeight = caption.Length == 0 ? 0 : Gap + (caption.Length * CaptionLine);
        var missing = heatmap.Values.Any(double.IsNaN) ? MissingHeight + 10 : 0;
        return new HeatmapLayout
        {
            Cell = cell,
            Grid = SKRect.Create(left, top, width, height),
            Bar = SKRect.Create(barLeft, top, BarWidth, Math.Min(body, 360) - missing),
            RowStride = AxisTicks.Stride(FontSize + 1, cell.Height),
            ColumnStride = AxisTicks.Stride(columns.Needed, cell.Width),
            AreColumnLabelsTurned = columns.AreTurned,
            ColumnAxisY = axisY,
            ValueLabelX = valueLabelX,
            TitleLines = title,
            CaptionLines = caption,
            Width = (int)MathF.Ceiling(textWidth + (2 * Margin)),
            Height = (int)MathF.Ceiling(foot + captionHeight + Margin),
        };
    }

    /// <summary>A cell's area.</summary>
    public SKRect CellAt(int row, int column) =>
        SKRect.Create(Grid.Left + (column * Cell.Width), Grid.Top + (row * Cell.Height), Cell.Width, Cell.Height);

    /// <summary>The middle of a title's or a caption's line.</summary>
    public static float TitleY(int line) => Margin + ((line + 0.5f) * TitleLine);

    public float CaptionY(int line) => CaptionTop + ((line + 0.5f) * CaptionLine);

    // A narrow picture is made wider for its words, though not for every word.
    private static (ImmutableArray<string> Title, ImmutableArray<string> Caption, float Width) Wrap(
        Heatmap heatmap,
        float width
    )
    {
        var title = Label.Plain(heatmap.Title, EmbeddedFont.Has);
        var caption = Label.Plain(heatmap.Caption, EmbeddedFont.Has);
        var wanted = Math.Max(EmbeddedFont.Measure(title, TitleSize), EmbeddedFont.Measure(caption, SmallSize));
        var most = Math.Max(width, MathF.Ceiling(Math.Min(wanted, WidestNarrow)));
        return (Wrapping.Lines(title, TitleSize, most, 4), Wrapping.Lines(caption, SmallSize, most, 8), most);
    }

    // Layer numbers stay upright and some are left out; words are turned where they would touch.
    private static (int Cell, float Needed, float LabelHeight, bool AreTurned) ColumnWidths(Heatmap heatmap)
    {
        var widest = Widest(heatmap.ColumnLabels, heatmap.EmphasizedColumns, out var longest);
        var isShort = longest <= LongestFlatLabel;
        var cell = CellWidth(heatmap.ColumnLabels.Length, least: isShort ? 10 : 15);
        var areTurned = !isShort && widest + Gap > cell;
        return (cell, areTurned ? FontSize + 1 : widest + Gap, areTurned ? widest : FontSize, areTurned);
    }

    private static float Widest(ImmutableArray<string> labels, ImmutableArray<int> emphasized, out int longest)
    {
        var starred = emphasized.ToHashSet();
        var drawn = labels.Select((label, index) => Label.Drawn(label, starred.Contains(index))).ToList();
        longest = drawn.Max(label => label.Length);
        using var font = EmbeddedFont.Create(FontSize);
        return drawn.Max(label => font.MeasureText(label));
    }

    // Some 520 points in all; very many cells shrink until 2,400 hold them, and then to one point each.
    private static int CellWidth(int count, float least) =>
        (int)Math.Clamp(520f / count, Math.Clamp(2400f / count, 1, least), 40);

    private static int CellHeight(int count) => (int)Math.Clamp(2400f / count, 1, 20);
}
