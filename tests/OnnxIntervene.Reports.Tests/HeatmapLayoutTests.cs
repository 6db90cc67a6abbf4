using OnnxIntervene.Reports.Drawing;

namespace OnnxIntervene.Reports.Tests;

public sealed class HeatmapLayoutTests
{
    [Test]
    public void Layer_numbers_stay_upright_and_are_thinned_where_they_would_touch()
    {
        var few = HeatmapLayout.Of(SampleHeatmaps.Create(3, 12));
        var many = HeatmapLayout.Of(SampleHeatmaps.Create(3, 48));

        Assert.That((few.ColumnStride, few.AreColumnLabelsTurned), Is.EqualTo((1, false)));
        Assert.That((many.ColumnStride, many.AreColumnLabelsTurned), Is.EqualTo((5, false)));
    }

    [Test]
    public void Long_column_labels_are_turned_and_none_is_left_out()
    {
        var heatmap = SampleHeatmaps.Create(3, 40) with { ColumnLabels = [.. Enumerable.Repeat(" downtown", 40)] };

        var layout = HeatmapLayout.Of(heatmap);

        Assert.That((layout.ColumnStride, layout.AreColumnLabelsTurned), Is.EqualTo((1, true)));
    }

    [Test]
    public void The_grid_the_bar_and_the_caption_do_not_overlap()
    {
        const string Caption = "A few words that need more than one line to be said, as captions often do.";
        var layout = HeatmapLayout.Of(SampleHeatmaps.Create(1, 1) with { Caption = Caption });

        Assert.That(layout.Bar.Left, Is.GreaterThan(layout.Grid.Right));
        Assert.That(layout.CaptionTop, Is.GreaterThan(layout.ColumnAxisY));
        Assert.That(layout.CaptionTop, Is.GreaterThan(layout.Bar.Bottom));
        Assert.That(layout.CaptionLines, Has.Length.EqualTo(2));
    }

    [Test]
    public void A_long_title_breaks_between_words_and_a_boundless_one_is_cut()
    {
        var title = string.Concat(Enumerable.Repeat("word ", 500));

        var lines = HeatmapLayout.Of(SampleHeatmaps.Create() with { Title = title }).TitleLines;

        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines[0], Does.EndWith("word"));
        Assert.That(lines[3], Does.EndWith("…"));
    }

    [Test]
    public void A_title_of_one_endless_word_is_broken_inside_it()
    {
        var title = string.Concat(Enumerable.Repeat("\ud83d\ude00", 100));

        var lines = HeatmapLayout.Of(SampleHeatmaps.Create() with { Title = title }).TitleLines;

        Assert.That(lines, Has.Length.GreaterThan(1));
        Assert.That(string.Concat(lines), Is.EqualTo(title));
        Assert.That(lines.Select(line => char.IsLowSurrogate(line[0])), Has.None.True);
    }
}
