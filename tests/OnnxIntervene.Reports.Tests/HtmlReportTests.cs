using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace OnnxIntervene.Reports.Tests;

public sealed class HtmlReportTests
{
    [Test]
    public void Text_from_a_model_cannot_become_markup()
    {
        const string Label = "<script>alert(1)</script>";
        var page = XDocument.Parse(HtmlReport.Render(SampleHeatmaps.Report(Label)));

        var scripts = page.Descendants("script").ToLookup(script => (string?)script.Attribute("type"));
        Assert.That(scripts["application/json"].Count(), Is.EqualTo(2));
        Assert.That(scripts[null].Single().Value, Does.Not.Contain("alert"));
        Assert.That(page.Descendants("h1").Single().Value, Is.EqualTo($"Trace of {Label}"));
        Assert.That(page.Descendants("figcaption").Single().Value, Is.EqualTo($"For {Label}."));
        Assert.That(page.Descendants("pre").Single().Value, Is.EqualTo($"onnx-intervene trace --answer {Label}"));
        Assert.That(page.Descendants("td").Select(cell => cell.Value), Does.Contain(Label));
    }

    [Test]
    public void The_page_loads_nothing_and_tells_the_browser_to_refuse_it()
    {
        var html = HtmlReport
            .Render(SampleHeatmaps.Report())
            .Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);

        Assert.That(html, Does.Not.Contain("http://").And.Not.Contain("https://"));
        Assert.That(html, Does.Not.Match("(src|href)=\"(?!data:)").And.Not.Match("url\\((?!#)"));
        Assert.That(html, Does.Not.Contain("@import").And.Not.Contain("<link").And.Not.Contain("innerHTML"));
        Assert.That(html, Does.Contain("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline';"));
    }

    [Test]
    public void The_policy_allows_the_pages_own_script_and_no_other()
    {
        var html = HtmlReport.Render(SampleHeatmaps.Report());
        var start = html.LastIndexOf("<script>", StringComparison.Ordinal) + "<script>".Length;
        var script = html[start..html.IndexOf("</script>", start, StringComparison.Ordinal)];
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));

        Assert.That(html, Does.Contain($"script-src 'sha256-{hash}'\""));
    }

    [TestCase("a<b")]
    [TestCase("</script><script>alert(1)</script>")]
    [TestCase("<!--<script>")]
    [TestCase("R&amp;D & more")]
    public void The_pages_data_can_be_read_back(string label)
    {
        var html = HtmlReport.Render(SampleHeatmaps.Report(label));
        var start = html.IndexOf("id=\"result\">", StringComparison.Ordinal) + "id=\"result\">".Length;
        using var json = JsonDocument.Parse(html[start..html.IndexOf("</script>", start, StringComparison.Ordinal)]);

        Assert.That(json.RootElement.GetProperty("answer").GetString(), Is.EqualTo(label));
    }

    [Test]
    public void Columns_of_numbers_are_set_flush_right()
    {
        var page = XDocument.Parse(HtmlReport.Render(SampleHeatmaps.Report()));
        var numbers = page.Descendants("td").Where(cell => (string?)cell.Attribute("class") == "number");

        Assert.That(numbers.Select(cell => cell.Value), Is.EqualTo(new[] { "0.5", "0.25" }));
    }

    [Test]
    public void A_crooked_table_is_refused_with_both_counts()
    {
        var report = SampleHeatmaps.Report() with
        {
            Tables =
            [
                new ReportTable(
                    "Top",
                    ["token", "p"],
                    [
                        ["a"],
                    ]
                ),
            ],
        };

        Assert.That(
            () => HtmlReport.Render(report),
            Throws.ArgumentException.With.Message.Contains("'Top' has 2 columns but a row of 1 cells")
        );
    }

    [Test]
    public void All_patterns_of_144_heads_over_30_tokens_take_less_than_half_a_megabyte()
    {
        var (tokens, few) = (
            Enumerable.Range(0, 30).Select(index => $" token{index}").ToList(),
            SampleReports.Attention()
        );
        var weights = Enumerable.Range(0, 900).Select(index => index % 30 <= index / 30 ? 1f / ((index / 30) + 1) : 0);
        var patterns = few.Patterns.Select(pattern => pattern with { Weights = [.. weights] });
        var figure = few with { Tokens = [.. tokens], Patterns = [.. patterns] };

        var html = HtmlReport.Render(SampleReports.Realistic() with { Heatmaps = [], Figures = [new("a", figure)] });

        Assert.That(html, Has.Length.LessThan(500_000));
    }

    [Test]
    public void A_page_fits_light_and_dark_rooms()
    {
        var html = HtmlReport.Render(SampleHeatmaps.Report());

        Assert.That(html, Does.Contain("prefers-color-scheme: dark"));
    }

    [Test]
    public void The_same_report_gives_the_same_page()
    {
        var first = HtmlReport.Render(SampleHeatmaps.Report());
        var second = HtmlReport.Render(SampleHeatmaps.Report());

        Assert.That(second, Is.EqualTo(first));
    }
}
