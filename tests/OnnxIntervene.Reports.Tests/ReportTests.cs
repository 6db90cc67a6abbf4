using System.Text;
using System.Text.Json;

namespace OnnxIntervene.Reports.Tests;

public sealed class ReportTests
{
    [Test]
    public void Text_from_a_model_cannot_become_markup()
    {
        var html = HtmlReport.Render(SampleHeatmaps.Report("<script>alert(1)</script>"));

        Assert.That(html, Does.Not.Contain("<script>alert"));
        Assert.That(html, Does.Contain("&lt;script&gt;alert"));
    }

    [Test]
    public void The_page_loads_nothing()
    {
        var html = HtmlReport.Render(SampleHeatmaps.Report()).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);

        Assert.That(html, Does.Not.Contain("http"));
        Assert.That(html, Does.Not.Contain("src="));
        Assert.That(html, Does.Not.Contain("@import"));
    }

    [Test]
    public void The_pages_data_can_be_read_back()
    {
        var html = HtmlReport.Render(SampleHeatmaps.Report("a<b"));
        var start = html.IndexOf("id=\"result\">", StringComparison.Ordinal) + "id=\"result\">".Length;
        using var json = JsonDocument.Parse(html[start..html.IndexOf("</script>", start, StringComparison.Ordinal)]);

        Assert.That(json.RootElement.GetProperty("answer").GetString(), Is.EqualTo("a<b"));
    }

    [Test]
    public void A_report_is_a_page_its_data_and_a_picture_and_a_table_for_each_heatmap()
    {
        var files = ReportFiles.Render(SampleHeatmaps.Report(), "trace");

        Assert.That(
            string.Join(' ', files.Select(file => file.Name)),
            Is.EqualTo("trace.html trace.json trace-block_output.png trace-block_output.csv"));
        Assert.That(Encoding.UTF8.GetString(files[1].Contents.Span), Does.Contain("answer"));
    }
}
