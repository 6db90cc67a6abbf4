using System.Collections.Immutable;
using System.Xml.Linq;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Tests;

public sealed class FigureTests
{
    [Test]
    public void Errors_and_counts_that_do_not_fit_the_values_are_refused_with_both_numbers()
    {
        Refuses(SampleReports.Patched() with { Errors = [1] }, "180 values but 1 standard errors");
        Refuses(SampleReports.Patched() with { Counts = [1, 2] }, "180 values but 2 counts");
    }

    [Test]
    public void A_stack_needs_a_heatmap_of_the_same_axes_for_each_combination_of_choices()
    {
        var stack = SampleReports.Heads();
        var other = stack.Slices[3] with { ColumnAxis = "Head", Title = "Odd" };

        Refuses(stack with { Slices = stack.Slices[..7] }, "8 combinations of choices but 7 heatmaps");
        Refuses(stack with { Slices = stack.Slices.SetItem(3, other) }, "'Odd' is not like the first");
        Refuses(stack with { Choices = [] }, "nothing to choose by");
        Assert.That(stack.LabelsOf(6), Is.EqualTo(new[] { "probability", "2" }));
    }

    [Test]
    public void A_line_needs_a_number_for_each_place()
    {
        var plot = SampleReports.Layers();

        Refuses(plot with { Series = [new("short", [1, 2])] }, "12 places on its axis but 2 values in 'short'");
        Refuses(plot with { Series = [plot.Series[0] with { Errors = [1] }] }, "1 standard errors in 'clean'");
        Refuses(plot with { Series = [] }, "no places or no lines");
    }

    [Test]
    public void An_edge_joins_two_nodes_and_goes_up()
    {
        var graph = SampleReports.Graph();

        Refuses(graph with { Edges = [new(0, 5, "", 1)] }, "5 nodes but an edge from 0 to 5");
        Refuses(graph with { Edges = [new(1, 2, "", 1)] }, "'a0.1' to 'a0.3', which is not in a row above");
        Refuses(graph with { Nodes = [] }, "no nodes");
    }

    [Test]
    public void A_graphs_edges_are_as_wide_and_coloured_as_their_numbers_say_and_listed()
    {
        var shapes = XElement
            .Parse(FigureSvg.Render(SampleReports.Graph()))
            .Descendants()
            .Where(shape => shape.Name.LocalName == "polyline")
            .Select(shape =>
                (Color: (string)shape.Attribute("stroke")!, Width: (double)shape.Attribute("stroke-width")!)
            )
            .ToList();

        Assert.That(shapes, Has.Count.EqualTo(5));
        Assert.That(shapes[4].Width, Is.EqualTo(4).And.EqualTo(shapes.Max(shape => shape.Width)));
        Assert.That(shapes[0].Color, Is.EqualTo(shapes[4].Color).And.Not.EqualTo(shapes[1].Color));
        Assert.That(FigureCsv.Render(SampleReports.Graph()), Does.Contain("embedding,a0.3,query,-3.2"));
    }

    [Test]
    public void Patterns_fit_their_tokens_and_their_grid_and_each_head_has_one()
    {
        var figure = SampleReports.Attention(2, 2);
        var pattern = figure.Patterns[0];

        Refuses(figure with { Patterns = [pattern with { Weights = [1] }] }, "15 queries and 15 keys but 1 weights");
        Refuses(
            figure with
            {
                Patterns = [pattern with { Layer = 2 }],
            },
            "layer 2 and head 0, but its grid has 2 layers"
        );
        Refuses(figure with { Patterns = [pattern, pattern] }, "two patterns of one head");
    }

    [TestCase("漢字 \u0001\u0000 <&>\"]]>")]
    [TestCase("\ud83d")]
    [TestCase("")]
    public void Text_of_any_kind_is_written_in_every_format(string text)
    {
        var texts = Enumerable.Repeat(text, 15).ToImmutableArray();
        var grid = SampleReports.Patched() with { Title = text, RowLabels = texts, RowAxis = text, ValueLabel = text };
        var lines = SampleReports.Layers();
        var attention = SampleReports.Attention(2, 2);
        var report = SampleReports.Realistic() with
        {
            Title = text,
            Heatmaps = [new(text, grid)],
            Figures =
            [
                new(
                    text,
                    new HeatmapStack
                    {
                        Title = text,
                        Choices = [new(text, [text])],
                        Slices = [grid],
                    }
                ),
                new(text, lines with { Title = text, Axis = text, Series = [lines.Series[0] with { Name = text }] }),
                new(text, SampleReports.Graph() with { Title = text, Nodes = [new(text, 0)], Edges = [] }),
                new(text, attention with { Title = text, Tokens = texts, Grid = attention.Grid with { Title = text } }),
            ],
        };

        var files = ReportWriter.Render(report, "r", ReportFormats.All);

        Assert.That(files.Select(file => file.Name), Is.Unique);
        Assert.That(files.Select(file => file.Contents.Length), Has.All.Positive);
        Assert.That(() => XDocument.Parse(HtmlReport.Render(report)), Throws.Nothing);
    }

    [Test]
    public void Every_figure_is_drawn_and_listed_and_gives_the_same_bytes_again()
    {
        Figure[] figures =
        [
            SampleReports.Patched(),
            SampleReports.Heads(),
            SampleReports.Layers(),
            SampleReports.Graph(),
            SampleReports.Attention(2, 2),
        ];
        Func<Figure, byte[]>[] renders =
        [
            figure => FigureImage.Render(figure),
            figure => System.Text.Encoding.UTF8.GetBytes(FigureSvg.Render(figure)),
            FigurePdf.Render,
            FigureParquet.Render,
        ];
        foreach (var render in renders)
        {
            var files = figures.Select(render).ToList();
            Assert.That(files.Select(Convert.ToHexString), Is.Unique);
            Assert.That(figures.Select(render), Is.EqualTo(files));
        }
    }

    private static void Refuses(Figure figure, string reason) =>
        Assert.That(() => FigureCsv.Render(figure), Throws.ArgumentException.With.Message.Contains(reason));
}
