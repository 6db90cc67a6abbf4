using System.Xml.Linq;
using SkiaSharp;

namespace OnnxIntervene.Reports.Tests;

public sealed class HeatmapTests
{
    [Test]
    public void Each_cell_of_the_picture_has_the_color_of_its_number()
    {
        var heatmap = SampleHeatmaps.Create();
        var layout = HeatmapImage.LayoutOf(heatmap);

        using var bitmap = SKBitmap.Decode(HeatmapImage.Render(heatmap, scale: 1));

        for (var row = 0; row < 3; row++)
        {
            for (var column = 0; column < 4; column++)
            {
                var (x, y) = layout.Cell(row, column);
                var pixel = bitmap.GetPixel((int)(x + (layout.CellWidth / 2)), (int)(y + (HeatmapLayout.CellHeight / 2)));
                Assert.That(new RgbColor(pixel.Red, pixel.Green, pixel.Blue), Is.EqualTo(heatmap.Scale.At(heatmap[row, column])));
            }
        }
    }

    [Test]
    public void A_cell_that_was_not_measured_is_gray() =>
        Assert.That(ColorScale.Sequential(0, 1).At(double.NaN), Is.EqualTo(ColorScale.Missing));

    [Test]
    public void A_diverging_scale_is_white_at_zero_red_above_and_blue_below()
    {
        var scale = ColorScale.Diverging(2);

        Assert.That(scale.At(0).Lightness, Is.GreaterThan(0.95));
        Assert.That(scale.At(2).Red, Is.GreaterThan(scale.At(2).Blue));
        Assert.That(scale.At(-2).Blue, Is.GreaterThan(scale.At(-2).Red));
        Assert.That(scale.At(99), Is.EqualTo(scale.At(2)));
    }

    [Test]
    public void A_scale_of_equal_ends_still_gives_colors() =>
        Assert.That(ColorScale.Sequential(0.5, 0.5).At(0.5), Is.EqualTo(ColorScale.Sequential(0, 1).At(0)));

    [Test]
    public void More_cells_make_a_larger_picture()
    {
        using var small = SKBitmap.Decode(HeatmapImage.Render(SampleHeatmaps.Create(3, 4)));
        using var large = SKBitmap.Decode(HeatmapImage.Render(SampleHeatmaps.Create(30, 48)));

        Assert.That(large.Width, Is.GreaterThan(small.Width));
        Assert.That(large.Height, Is.GreaterThan(small.Height));
    }

    [Test]
    public void The_same_heatmap_gives_the_same_bytes()
    {
        var first = HeatmapImage.Render(SampleHeatmaps.Create());
        var second = HeatmapImage.Render(SampleHeatmaps.Create());

        Assert.That(second, Is.EqualTo(first));
    }

    [TestCase("漢字 \u0001 <&>\"")]
    [TestCase("a very long label that goes on and on")]
    [TestCase("\ud83d\ude00")]
    public void Labels_of_any_kind_are_drawn_and_stay_well_formed(string label)
    {
        var heatmap = SampleHeatmaps.Create(label: label);

        Assert.That(HeatmapImage.Render(heatmap), Is.Not.Empty);
        Assert.That(XElement.Parse(HeatmapSvg.Render(heatmap)).Name.LocalName, Is.EqualTo("svg"));
    }

    [Test]
    public void A_line_of_the_csv_holds_the_number_as_it_is()
    {
        var lines = HeatmapCsv.Render(SampleHeatmaps.Create(label: " a,\"b")).Split("\r\n");

        Assert.That(lines[0], Is.EqualTo("token_index,token,layer_index,layer,p"));
        Assert.That(lines[2], Is.EqualTo("0,\" a,\"\"b0\",1,1,NaN"));
        Assert.That(lines, Has.Length.EqualTo((3 * 4) + 2));
    }
}
