using NUnit.Framework.Constraints;

namespace OnnxIntervene.Reports.Tests;

public sealed class HeatmapTests
{
    [Test]
    public void A_number_is_found_by_row_and_column()
    {
        var heatmap = SampleHeatmaps.Create(3, 4);

        Assert.That(heatmap[2, 1], Is.EqualTo(9 / 12.0));
        Assert.That(() => heatmap[0, 4], Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => heatmap[-1, 0], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Values_that_do_not_fit_the_labels_are_refused_with_both_counts()
    {
        var heatmap = SampleHeatmaps.Create(3, 4) with { Values = [1, 2] };

        Assert.That(() => FigureImage.Render(heatmap), Refuses("3 rows and 4 columns but 2 values"));
        Assert.That(() => FigureSvg.Render(heatmap), Refuses("3 rows and 4 columns but 2 values"));
        Assert.That(() => FigureCsv.Render(heatmap), Refuses("3 rows and 4 columns but 2 values"));
    }

    [Test]
    public void A_heatmap_without_cells_is_refused() =>
        Assert.That(() => FigureImage.Render(SampleHeatmaps.Create() with { RowLabels = [] }), Refuses("no rows"));

    [Test]
    public void An_emphasized_column_that_is_not_there_is_refused_by_number() =>
        Assert.That(
            () => FigureSvg.Render(SampleHeatmaps.Create() with { EmphasizedColumns = [1, 4] }),
            Refuses("column 4, but its columns are 0 to 3")
        );

    [Test]
    public void Emphasis_that_was_never_set_is_none() =>
        Assert.That((SampleHeatmaps.Create() with { EmphasizedRows = default }).EmphasizedRows, Is.Empty);

    private static ContainsConstraint Refuses(string reason) =>
        Throws.ArgumentException.With.Message.Contains(reason).And.Message.Contains("Restoring block_output");
}
