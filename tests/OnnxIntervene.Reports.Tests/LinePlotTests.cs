using System.Xml.Linq;
using OnnxIntervene.Reports.Drawing;
using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Tests;

public sealed class LinePlotTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Test]
    public void Lines_go_through_their_numbers_with_bands_of_an_error_to_each_side()
    {
        var plot = SampleReports.Layers();
        var layout = LinePlotLayout.Of(plot);

        var clean = Group(plot, 0);
        var line = Points(clean.Element(s_svg + "polyline")!);
        var band = Points(clean.Element(s_svg + "polygon")!);

        Assert.That(line, Has.Count.EqualTo(12));
        Assert.That(line[7].Y, Is.EqualTo(layout.Y(plot.Series[0].Values[7])).Within(0.01));
        Assert.That(line[7].X, Is.EqualTo(layout.X(7)).Within(0.01));
        Assert.That(band[7].Y, Is.EqualTo(layout.Y(plot.Series[0].Values[7] + plot.Series[0].Errors[7])).Within(0.01));
        Assert.That(band[16].Y, Is.EqualTo(layout.Y(plot.Series[0].Values[7] - plot.Series[0].Errors[7])).Within(0.01));
        Assert.That(band.Select(point => point.Y), Has.All.InRange(layout.Plot.Top, layout.Plot.Bottom));
    }

    [Test]
    public void A_number_that_is_missing_leaves_a_gap_and_one_alone_is_a_dot()
    {
        var series = new LineSeries("a", [1, 2, double.NaN, 3, double.PositiveInfinity, 4, 5]);
        var plot = SampleReports.Layers() with { AxisLabels = ["0", "1", "2", "3", "4", "5", "6"], Series = [series] };

        var group = Group(plot, 0);

        Assert.That(group.Elements(s_svg + "polyline").Select(line => Points(line).Count), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(group.Elements(s_svg + "circle").Count(), Is.EqualTo(5));
        Assert.That(group.Elements(s_svg + "polygon"), Is.Empty);
    }

    [Test]
    public void The_legend_and_the_axes_are_named()
    {
        var svg = XElement.Parse(FigureSvg.Render(SampleReports.Layers()));

        Assert.That(
            svg.Elements(s_svg + "text").Select(text => text.Value),
            Is.SupersetOf(
                new[] { "clean", "corrupt", "clean, head 9.9 removed", "Layer", "logit difference", "0", "11" }
            )
        );
    }

    [TestCase(0, 0)]
    [TestCase(double.NaN, double.NaN)]
    [TestCase(-1e300, 1e300)]
    [TestCase(5, 5)]
    public void Numbers_of_any_size_make_a_plot(double one, double other)
    {
        var plot = SampleReports.Layers() with { AxisLabels = ["a", "b"], Series = [new("x", [one, other])] };

        using var bitmap = SKBitmap.Decode(FigureImage.Render(plot, scale: 1));

        Assert.That(bitmap.Width, Is.EqualTo(LinePlotLayout.Of(plot).Width));
    }

    [Test]
    public void Lines_differ_in_color_or_in_dashes()
    {
        var styles = Enumerable.Range(0, 14).Select(SeriesStyles.Of);

        Assert.That(styles, Is.Unique);
    }

    private static XElement Group(LinePlot plot, int index) =>
        XElement
            .Parse(FigureSvg.Render(plot))
            .Elements(s_svg + "g")
            .Single(group => (string)group.Attribute("class")! == $"series series-{index}");

    private static List<SKPoint> Points(XElement shape) =>
        [
            .. ((string)shape.Attribute("points")!)
                .Split(' ')
                .Select(point => point.Split(','))
                .Select(point => new SKPoint(float.Parse(point[0]), float.Parse(point[1]))),
        ];
}
