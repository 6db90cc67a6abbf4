using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Tests;

public sealed class ColorScaleTests
{
    [Test]
    public void A_sequential_scale_grows_darker_all_the_way()
    {
        var scale = ColorScale.Sequential(-3, 5);
        var lightness = Enumerable.Range(0, 81).Select(step => scale.At(-3 + (step / 10.0)).Lightness).ToList();

        Assert.That(lightness, Is.Ordered.Descending);
        Assert.That(lightness[0] - lightness[^1], Is.GreaterThan(0.7));
    }

    [Test]
    public void A_diverging_scale_is_white_at_zero_red_above_and_blue_below()
    {
        var scale = ColorScale.Diverging(2);

        Assert.That(scale.At(0), Is.EqualTo(new RgbColor(247, 247, 247)));
        Assert.That(scale.At(2).Red, Is.GreaterThan(scale.At(2).Blue));
        Assert.That(scale.At(-2).Blue, Is.GreaterThan(scale.At(-2).Red));
    }

    [Test]
    public void What_lies_beyond_an_end_has_the_ends_color()
    {
        var scale = ColorScale.Diverging(2);

        Assert.That(scale.At(99), Is.EqualTo(scale.At(2)));
        Assert.That(scale.At(double.PositiveInfinity), Is.EqualTo(scale.At(2)));
        Assert.That(scale.At(double.NegativeInfinity), Is.EqualTo(scale.At(-2)));
    }

    [Test]
    public void What_is_no_number_is_gray()
    {
        var color = ColorScale.Sequential(0, 1).At(double.NaN);

        Assert.That(color, Is.EqualTo(ColorScale.Missing));
        Assert.That((color.Red, color.Blue), Is.EqualTo((color.Green, color.Green)));
    }

    [TestCase(0.5, 0.5)]
    [TestCase(1e20, 1e20)]
    [TestCase(double.NaN, double.NaN)]
    [TestCase(0, double.PositiveInfinity)]
    public void Ends_that_span_nothing_still_make_a_scale(double minimum, double maximum)
    {
        var scale = ColorScale.Sequential(minimum, maximum);

        Assert.That(scale.Maximum, Is.GreaterThan(scale.Minimum));
        Assert.That(scale.At(scale.Minimum), Is.EqualTo(ColorScale.Sequential(0, 1).At(0)));
    }

    [Test]
    public void The_fitting_scale_is_even_on_both_sides_as_soon_as_a_number_is_negative()
    {
        var scale = ColorScale.For([-3, 1, double.NaN, double.PositiveInfinity]);

        Assert.That((scale.Minimum, scale.Maximum), Is.EqualTo((-3d, 3d)));
        Assert.That(scale.Stops, Is.EqualTo(ColorScale.Diverging(1).Stops));
    }

    [Test]
    public void The_fitting_scale_of_positive_numbers_goes_from_the_least_to_the_largest()
    {
        var scale = ColorScale.For([0.25, 0.75, double.NaN]);

        Assert.That((scale.Minimum, scale.Maximum), Is.EqualTo((0.25, 0.75)));
        Assert.That(scale.Stops, Is.EqualTo(ColorScale.Sequential(0, 1).Stops));
    }

    [Test]
    public void Nothing_measured_still_has_a_scale() =>
        Assert.That(ColorScale.For([double.NaN]).Maximum, Is.EqualTo(1));
}
