using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Numerics;

/// <summary>Products of sizes do not overflow, and are refused before memory is taken.</summary>
public sealed class SizeProductTests
{
    [TestCase(new long[0], 1L)]
    [TestCase(new long[] { 3, 0, long.MaxValue / 3 }, 0L)]
    [TestCase(new long[] { 3, 0, long.MaxValue }, null)]
    [TestCase(new long[] { long.MaxValue, long.MaxValue, 0 }, null)]
    [TestCase(new long[] { long.MaxValue, 1 }, long.MaxValue)]
    [TestCase(new long[] { 1L << 31, 1L << 31 }, 1L << 62)]
    [TestCase(new long[] { 1L << 32, 1L << 32 }, null)]
    [TestCase(new long[] { 1L << 32, 1L << 32, 1L << 32, 1L << 32 }, null)]
    [TestCase(new long[] { -1 }, null)]
    [TestCase(new long[] { 0, -1 }, null)]
    [TestCase(new long[] { long.MinValue, long.MinValue }, null)]
    public void Products_are_exact_or_none(long[] sizes, long? expected) =>
        Assert.That(SizeProduct.Of(sizes), Is.EqualTo(expected));

    [Test]
    public void A_factor_counts() => Assert.That(SizeProduct.Of(new[] { 65536, 65536 }, 8), Is.EqualTo(1L << 35));

    [TestCase(1_000_000_000, 3)]
    [TestCase(65536, 65536)]
    [TestCase(int.MaxValue, int.MaxValue)]
    [TestCase(-1, 2)]
    public void What_no_array_holds_is_refused_with_its_sizes(int rows, int columns) =>
        Assert.That(
            () => SizeProduct.ToMake(4, "The matrix", rows, columns),
            Throws.TypeOf<InterventionException>().With.Message.Contains($"The matrix [{rows}, {columns}]")
        );

    [Test]
    public void What_the_machine_has_no_memory_for_is_refused()
    {
        var bytes = (int)Math.Min(int.MaxValue, (SizeProduct.AvailableBytes / 2_000_000_000) + 1);

        Assert.That(
            () => SizeProduct.ToMake(bytes, "The matrix", 2_000_000_000),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains($"but the machine has {SizeProduct.AvailableBytes}")
        );
    }
}
