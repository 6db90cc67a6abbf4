using OnnxIntervene.Reports.Drawing;

namespace OnnxIntervene.Reports.Tests;

public sealed class AxisTicksTests
{
    [TestCase(0, 1, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [TestCase(-2.3, 2.3, "-2 -1 0 1 2")]
    [TestCase(0.0001, 0.00037, "0.0001 0.0002 0.0003")]
    [TestCase(0, 3e-6, "0e+0 1e-6 2e-6 3e-6")]
    [TestCase(0.02, 0.98, "0.2 0.4 0.6 0.8")]
    public void Ticks_are_round_numbers_within_the_ends(double minimum, double maximum, string texts)
    {
        var ticks = AxisTicks.Between(minimum, maximum);

        Assert.That(string.Join(' ', ticks.Select(tick => tick.Text)), Is.EqualTo(texts));
        Assert.That(ticks.Select(tick => tick.Value), Is.All.InRange(minimum - 1e-9, maximum + 1e-9));
    }

    [TestCase(1e20, 1.01e20)]
    [TestCase(-double.MaxValue, double.MaxValue)]
    [TestCase(1, 1.0000000000000002)]
    [TestCase(0, double.Epsilon)]
    public void Ends_of_any_size_have_a_few_ticks(double minimum, double maximum) =>
        Assert.That(AxisTicks.Between(minimum, maximum), Has.Length.InRange(2, 21));

    [TestCase(13, 20, 1)]
    [TestCase(21, 10, 5)]
    [TestCase(13, 1, 20)]
    [TestCase(20, 10, 2)]
    public void As_many_labels_are_left_out_as_needed(float needed, float each, int stride) =>
        Assert.That(AxisTicks.Stride(needed, each), Is.EqualTo(stride));
}
