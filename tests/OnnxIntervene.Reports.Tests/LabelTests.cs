using OnnxIntervene.Reports.Drawing;

namespace OnnxIntervene.Reports.Tests;

public sealed class LabelTests
{
    [TestCase("Seattle", "Seattle")]
    [TestCase(" Seattle", "·Seattle")]
    [TestCase("  x ", "··x·")]
    [TestCase("   ", "···")]
    [TestCase(" a b", "·a b")]
    [TestCase("a\nb\r\t", "a\\nb\\r\\t")]
    [TestCase("漢", "\\u6F22")]
    [TestCase("\ud83e\udd16", "\\U0001F916")]
    [TestCase("a\u202Eb\u00A0", "a\\u202Eb\\u00A0")]
    [TestCase("naïve", "naïve")]
    [TestCase("", "")]
    public void What_cannot_be_seen_or_drawn_is_written_out(string token, string shown) =>
        Assert.That(Label.Drawn(token, isStarred: false), Is.EqualTo(shown));

    [Test]
    public void Only_the_dots_that_stand_for_spaces_are_faint()
    {
        var parts = Label.Of(" ·x", isStarred: true, EmbeddedFont.Has);

        Assert.That(parts, Is.EqualTo(new[] { new LabelPart("·", true), new LabelPart("·x*", false) }));
    }

    [Test]
    public void A_long_label_ends_in_dots_and_keeps_its_star()
    {
        Assert.That(Label.Drawn(new string('a', 24), isStarred: true), Is.EqualTo(new string('a', 24) + "*"));
        Assert.That(Label.Drawn(new string('a', 25), isStarred: true), Is.EqualTo(new string('a', 23) + "…*"));
    }

    [Test]
    public void A_cut_never_falls_into_an_escape() =>
        Assert.That(Label.Drawn("漢字漢字漢字", isStarred: false), Is.EqualTo("\\u6F22\\u5B57\\u6F22…"));

    [Test]
    public void A_browsers_label_shows_the_characters_and_is_cut_at_the_same_place()
    {
        var parts = Label.Of("漢字漢字漢字", isStarred: false, canShow: _ => true);

        Assert.That(string.Concat(parts.Select(part => part.Text)), Is.EqualTo("漢字漢…"));
    }
}
