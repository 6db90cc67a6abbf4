using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Tests;

public sealed class FigureImageTests
{
    [TestCase(1f, 3, 4)]
    [TestCase(2f, 3, 4)]
    [TestCase(1f, 12, 48)]
    [TestCase(1.5f, 1, 1)]
    public void Each_cell_has_the_color_of_its_number(float scale, int rows, int columns)
    {
        var heatmap = SampleHeatmaps.Create(rows, columns);
        var layout = HeatmapLayout.Of(heatmap);

        using var bitmap = SKBitmap.Decode(FigureImage.Render(heatmap, scale));

        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var cell = layout.CellAt(row, column);
                var pixel = SampleHeatmaps.PixelAt(bitmap, cell.MidX * scale, cell.MidY * scale);
                Assert.That(pixel, Is.EqualTo(heatmap.Scale.At(heatmap[row, column])), $"{row}, {column}");
            }
        }
    }

    [Test]
    public void A_cell_that_was_not_measured_is_gray()
    {
        var heatmap = SampleHeatmaps.Create();
        var cell = HeatmapLayout.Of(heatmap).CellAt(0, 1);

        using var bitmap = SKBitmap.Decode(FigureImage.Render(heatmap, scale: 1));

        Assert.That(SampleHeatmaps.PixelAt(bitmap, cell.MidX, cell.MidY), Is.EqualTo(ColorScale.Missing));
    }

    [Test]
    public void The_bar_goes_from_the_scales_lower_end_at_its_foot_to_the_upper_at_its_head()
    {
        var heatmap = SampleHeatmaps.Create() with { Scale = ColorScale.Diverging(3) };
        var bar = HeatmapLayout.Of(heatmap).Bar;

        using var bitmap = SKBitmap.Decode(FigureImage.Render(heatmap, scale: 4));

        var head = SampleHeatmaps.PixelAt(bitmap, bar.MidX * 4, (bar.Top * 4) + 3);
        var foot = SampleHeatmaps.PixelAt(bitmap, bar.MidX * 4, (bar.Bottom * 4) - 3);
        Assert.That((foot, head), Is.EqualTo((heatmap.Scale.At(-3), heatmap.Scale.At(3))));
    }

    [Test]
    public void Each_more_row_adds_its_height_and_the_scale_multiplies_it()
    {
        using var small = SKBitmap.Decode(FigureImage.Render(SampleHeatmaps.Create(10, 20), scale: 1));
        using var high = SKBitmap.Decode(FigureImage.Render(SampleHeatmaps.Create(15, 20), scale: 1));
        using var fine = SKBitmap.Decode(FigureImage.Render(SampleHeatmaps.Create(10, 20), scale: 3));

        Assert.That(high.Height - small.Height, Is.EqualTo(5 * 20));
        Assert.That((fine.Width, fine.Height), Is.EqualTo((3 * small.Width, 3 * small.Height)));
    }

    [Test]
    public void More_columns_make_a_wider_picture()
    {
        using var small = SKBitmap.Decode(FigureImage.Render(SampleHeatmaps.Create(3, 4)));
        using var wide = SKBitmap.Decode(FigureImage.Render(SampleHeatmaps.Create(3, 12)));

        Assert.That(wide.Width, Is.GreaterThan(small.Width));
        Assert.That(wide.Height, Is.EqualTo(small.Height));
    }

    [TestCase(1, 100_000)]
    [TestCase(100_000, 1)]
    [TestCase(300, 400)]
    public void A_heatmap_of_very_many_cells_stays_within_bounds(int rows, int columns)
    {
        using var bitmap = SKBitmap.Decode(FigureImage.Render(SampleHeatmaps.Create(rows, columns)));

        Assert.That(Math.Max(bitmap.Width, bitmap.Height), Is.LessThanOrEqualTo(32_000));
        Assert.That((long)bitmap.Width * bitmap.Height, Is.LessThanOrEqualTo(51_000_000));
    }

    [Test]
    public void The_same_heatmap_gives_the_same_bytes()
    {
        var first = FigureImage.Render(SampleHeatmaps.Create());
        var second = FigureImage.Render(SampleHeatmaps.Create());

        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void A_star_a_space_and_a_title_each_change_the_picture()
    {
        var plain = SampleHeatmaps.Create() with { EmphasizedRows = [] };

        var pictures = new[]
        {
            plain,
            plain with
            {
                EmphasizedColumns = [0],
            },
            plain with
            {
                RowLabels = [" The0", "The1", "The2"],
            },
            plain with
            {
                Title = "Another",
            },
            plain with
            {
                Caption = "Below.",
            },
        }.Select(heatmap => Convert.ToBase64String(FigureImage.Render(heatmap)));

        Assert.That(pictures, Is.Unique);
    }

    [TestCase("漢字 \u0001 <&>\"")]
    [TestCase("a very long label that goes on and on")]
    [TestCase("\ud83d\ude00\ud83e\udd16")]
    [TestCase("\ud83d")]
    [TestCase("\u202Eright to left")]
    [TestCase("")]
    public void Text_of_any_kind_is_drawn_everywhere(string text)
    {
        var heatmap = SampleHeatmaps.Create(label: text) with
        {
            Title = text,
            ColumnLabels = [text, text, text, text],
            RowAxis = text,
            ColumnAxis = text,
            ValueLabel = text,
            Caption = text,
        };

        using var bitmap = SKBitmap.Decode(FigureImage.Render(heatmap, scale: 1));

        Assert.That(bitmap.Width, Is.EqualTo(HeatmapLayout.Of(heatmap).Width));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(17)]
    [TestCase(float.NaN)]
    public void A_scale_that_makes_no_picture_is_refused(float scale) =>
        Assert.That(
            () => FigureImage.Render(SampleHeatmaps.Create(), scale),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("at most 16")
        );
}
