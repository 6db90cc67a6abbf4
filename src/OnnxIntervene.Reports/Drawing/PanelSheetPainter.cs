using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Lays out and paints a sheet of small heatmaps.</summary>
internal sealed class PanelSheetPainter
{
    private const float PanelGap = 10;
    private const float NameRoom = 16;
    private const float SheetWidth = 1000;
    private const float BarHeight = 160;
    private const int MostShapes = 20_000;

    private readonly PanelSheet _sheet;
    private readonly SKSizeI _cell;
    private readonly SKSize _panel;
    private readonly bool _areShapes;
    private readonly ImmutableArray<string> _title;
    private readonly ImmutableArray<string> _caption;
    private readonly float _top;
    private readonly float _barLeft;

    public PanelSheetPainter(PanelSheet sheet)
    {
        _sheet = sheet;
        var first = sheet.Panels[0].Heatmap;
        var (rows, columns) = (first.RowLabels.Length, first.ColumnLabels.Length);
        // Cells of whole points, so that neighbours share an edge.
        var wanted = Math.Clamp((SheetWidth / sheet.Columns) - PanelGap, 40, 220);
        _cell = new SKSizeI((int)Math.Max(1, wanted / columns), (int)Math.Clamp(wanted / rows, 1, 20));
        _areShapes = (long)sheet.Panels.Length * rows * columns <= MostShapes;
        _panel = new SKSize(_cell.Width * columns, _cell.Height * rows);
        var across = sheet.Columns * (_panel.Width + PanelGap);
        _barLeft = HeatmapLayout.Margin + across + 8;
        var bar = sheet.Scale is { } scale ? ScaleBarPainter.WidestTick(scale) + 60 : 0;
        Width = (int)MathF.Ceiling(Math.Max(_barLeft + bar, 320) + HeatmapLayout.Margin);
        _title = Lines(sheet.Title, HeatmapLayout.TitleSize, 4);
        _caption = Lines(sheet.Caption, HeatmapLayout.SmallSize, 8);
        _top = HeatmapLayout.TitleY(_title.Length) - 2;
        var down = (sheet.Panels.Length + sheet.Columns - 1) / sheet.Columns;
        var barHeight = bar > 0 ? NameRoom + Math.Max(BarHeight, ScaleBarPainter.NameLength(first.ValueLabel)) : 0;
        var body = Math.Max(down * (_panel.Height + NameRoom + PanelGap), barHeight + PanelGap);
        CaptionTop = _top + body;
        Height = (int)MathF.Ceiling(CaptionTop + (_caption.Length * 15) + HeatmapLayout.Margin);
    }

    public int Width { get; }

    public int Height { get; }

    private float CaptionTop { get; }

    public void Paint(DrawingSurface surface)
    {
        PaintLines(surface, _title, HeatmapLayout.TitleSize, HeatmapLayout.TitleY(0), 19);
        for (var index = 0; index < _sheet.Panels.Length; index++)
            PaintPanel(surface, index);
        PaintLines(surface, _caption, HeatmapLayout.SmallSize, CaptionTop + 8, 15);
        if (_sheet.Scale is not { } scale)
            return;
        var bar = SKRect.Create(_barLeft, _top + NameRoom, HeatmapLayout.BarWidth, BarHeight - 40);
        var labelX = bar.Right + HeatmapLayout.Gap + ScaleBarPainter.WidestTick(scale) + 14;
        var hasMissing = _sheet.Panels.Any(panel => panel.Heatmap.Values.Any(double.IsNaN));
        new ScaleBarPainter(surface, scale, _sheet.Panels[0].Heatmap.ValueLabel).Paint(bar, labelX, hasMissing);
    }

    private void PaintPanel(DrawingSurface surface, int index)
    {
        var (name, heatmap) = _sheet.Panels[index];
        var (row, column) = Math.DivRem(index, _sheet.Columns);
        var area = SKRect.Create(
            HeatmapLayout.Margin + (column * (_panel.Width + PanelGap)),
            _top + NameRoom + (row * (_panel.Height + NameRoom + PanelGap)),
            _panel.Width,
            _panel.Height
        );
        var range = _sheet.Scale is null ? $" ({Number(heatmap.Scale.Minimum)}…{Number(heatmap.Scale.Maximum)})" : "";
        var spot = new TextSpot(area.Left, area.Top - 7, TextAlignment.Start, 10);
        surface.Text(spot, name + range);
        PaintCells(surface, heatmap, area);
        surface.Frame(area);
    }

    private void PaintCells(DrawingSurface surface, Heatmap heatmap, SKRect area)
    {
        if (!_areShapes)
        {
            using var cells = CellRaster.Of(heatmap);
            surface.Cells(area, cells);
            return;
        }

        var columns = heatmap.ColumnLabels.Length;
        for (var index = 0; index < heatmap.Values.Length; index++)
        {
            var (row, column) = Math.DivRem(index, columns);
            var (x, y) = (area.Left + (column * _cell.Width), area.Top + (row * _cell.Height));
            surface.Fill(SKRect.Create(x, y, _cell.Width, _cell.Height), heatmap.Scale.At(heatmap.Values[index]));
        }
    }

    private static void PaintLines(
        DrawingSurface surface,
        ImmutableArray<string> lines,
        float size,
        float y,
        float each
    )
    {
        for (var line = 0; line < lines.Length; line++)
        {
            var spot = new TextSpot(HeatmapLayout.Margin, y + (line * each), TextAlignment.Start, size);
            surface.Text(spot, lines[line]);
        }
    }

    private ImmutableArray<string> Lines(string text, float size, int most) =>
        Wrapping.Lines(Label.Plain(text, EmbeddedFont.Has), size, Width - (2 * HeatmapLayout.Margin), most);

    private static string Number(double number) => number.ToString("G3", CultureInfo.InvariantCulture);
}
