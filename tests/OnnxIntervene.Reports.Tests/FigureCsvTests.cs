using System.Globalization;

namespace OnnxIntervene.Reports.Tests;

public sealed class FigureCsvTests
{
    [Test]
    public void The_head_names_the_axes_and_each_cell_has_a_line()
    {
        var lines = FigureCsv.Render(SampleHeatmaps.Create(label: "t")).Split("\r\n");

        Assert.That(lines[0], Is.EqualTo("token_index,token,layer_index,layer,p"));
        Assert.That(lines[2], Is.EqualTo("0,t0,1,1,NaN"));
        Assert.That(lines[5], Is.EqualTo($"1,t1,0,0,{(4 / 12.0).ToString("R", CultureInfo.InvariantCulture)}"));
        Assert.That(lines, Has.Length.EqualTo(1 + (3 * 4) + 1));
        Assert.That(lines[^1], Is.Empty);
    }

    [TestCase("a,b", "\"a,b\"")]
    [TestCase("say \"x\"", "\"say \"\"x\"\"\"")]
    [TestCase("a\nb", "\"a\nb\"")]
    [TestCase(" a", "\" a\"")]
    [TestCase("a ", "\"a \"")]
    [TestCase("plain", "plain")]
    public void A_label_that_would_break_the_line_is_quoted(string label, string quoted)
    {
        var heatmap = SampleHeatmaps.Create(1, 1) with { RowLabels = [label] };

        Assert.That(FigureCsv.Render(heatmap), Does.EndWith($"\r\n0,{quoted},0,0,0\r\n"));
    }

    [TestCase(0.1 + 0.2)]
    [TestCase(-1.7976931348623157e308)]
    [TestCase(5e-324)]
    [TestCase(double.NegativeInfinity)]
    public void A_number_reads_back_as_it_was(double value)
    {
        var heatmap = SampleHeatmaps.Create(1, 1) with { Values = [value] };
        var number = FigureCsv.Render(heatmap).Split(',')[^1];

        Assert.That(double.Parse(number, CultureInfo.InvariantCulture), Is.EqualTo(value));
    }

    [Test]
    public void Axes_of_one_name_are_told_apart()
    {
        var heatmap = SampleHeatmaps.Create() with { RowAxis = "Token", ColumnAxis = "Token" };

        Assert.That(
            FigureCsv.Render(heatmap),
            Does.StartWith("row_token_index,row_token,column_token_index,column_token,p\r\n")
        );
    }
}
