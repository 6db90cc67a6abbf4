using System.Xml.Linq;
using OnnxIntervene.Reports.Drawing;

namespace OnnxIntervene.Reports.Tests;

public sealed class FigureSvgTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [TestCase("<script>alert('&amp;')</script>")]
    [TestCase("漢字 \u0001\u0000 <&>\"")]
    [TestCase("\ud83d\ude00 \ud83d")]
    [TestCase("\uFFFE]]>")]
    public void Text_from_a_model_stays_text(string label)
    {
        var heatmap = SampleHeatmaps.Create(label: label) with { Title = label, ValueLabel = label, Caption = label };

        var svg = XElement.Parse(FigureSvg.Render(heatmap));

        Assert.That(svg.Name, Is.EqualTo(s_svg + "svg"));
        Assert.That(
            svg.Descendants().Select(element => element.Name.LocalName).Distinct(),
            Is.SubsetOf(new[] { "rect", "title", "text", "tspan", "line" })
        );
    }

    [Test]
    public void A_label_reads_as_it_was_given()
    {
        var svg = XElement.Parse(FigureSvg.Render(SampleHeatmaps.Create(label: "<b>漢\ud83e\udd16")));

        Assert.That(svg.Elements(s_svg + "text").Select(text => text.Value), Does.Contain("<b>漢\ud83e\udd160"));
    }

    [Test]
    public void A_cells_tooltip_holds_its_place_and_every_digit()
    {
        var heatmap = SampleHeatmaps.Create(2, 2, " a") with { Values = [0.1 + 0.2, double.NaN, 1e-20, 3] };

        var svg = XElement.Parse(FigureSvg.Render(heatmap));
        var tooltips = svg.Descendants(s_svg + "title").Select(title => title.Value);

        Assert.That(
            tooltips,
            Is.EqualTo(
                new[]
                {
                    "Token 0 “ a0”, Layer 0 “0”: 0.30000000000000004",
                    "Token 0 “ a0”, Layer 1 “1”: not measured",
                    "Token 1 “ a1”, Layer 0 “0”: 1E-20",
                    "Token 1 “ a1”, Layer 1 “1”: 3",
                }
            )
        );
    }

    [Test]
    public void Each_cell_stands_where_the_layout_says_in_the_color_of_its_number()
    {
        var heatmap = SampleHeatmaps.Create();
        var cell = HeatmapLayout.Of(heatmap).CellAt(2, 3);

        var drawn = XElement.Parse(FigureSvg.Render(heatmap)).Elements(s_svg + "rect").ElementAt((2 * 4) + 3);

        Assert.That((float)drawn.Attribute("x")!, Is.EqualTo(cell.Left));
        Assert.That((float)drawn.Attribute("y")!, Is.EqualTo(cell.Top));
        Assert.That((string)drawn.Attribute("fill")!, Is.EqualTo(heatmap.Scale.At(heatmap[2, 3]).ToString()));
    }

    [Test]
    public void The_subjects_rows_are_starred_and_a_leading_space_is_a_faint_dot()
    {
        var heatmap = SampleHeatmaps.Create(label: " The") with { EmphasizedRows = [1], EmphasizedColumns = [0] };

        var svg = XElement.Parse(FigureSvg.Render(heatmap));
        var texts = svg.Elements(s_svg + "text").Select(text => text.Value).ToList();

        Assert.That(texts, Is.SupersetOf(new[] { "·The0", "·The1*", "0*", "Restoring block_output" }));
        Assert.That(svg.Descendants(s_svg + "tspan").Select(dot => dot.Value), Is.EqualTo(new[] { "·", "·", "·" }));
    }

    [Test]
    public void The_same_heatmap_gives_the_same_text()
    {
        var first = FigureSvg.Render(SampleHeatmaps.Create());
        var second = FigureSvg.Render(SampleHeatmaps.Create());

        Assert.That(second, Is.EqualTo(first));
    }
}
