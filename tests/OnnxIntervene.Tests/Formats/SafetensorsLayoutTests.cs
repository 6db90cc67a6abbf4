using System.Text;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>Every byte after a safetensors header belongs to one tensor, as the reference reader demands.</summary>
public sealed class SafetensorsLayoutTests
{
    [TestCase(new[] { 0, 4, 0, 4 }, 4, "overlap", TestName = "Two_tensors_over_the_same_bytes_are_refused")]
    [TestCase(new[] { 0, 8, 4, 12 }, 12, "overlap", TestName = "Tensors_that_share_some_bytes_are_refused")]
    [TestCase(new[] { 0, 12, 4, 8 }, 12, "overlap", TestName = "A_tensor_within_another_is_refused")]
    [TestCase(new[] { 4, 8 }, 8, "holes", TestName = "A_hole_before_the_first_tensor_is_refused")]
    [TestCase(new[] { 0, 4, 8, 12 }, 12, "holes", TestName = "A_hole_between_tensors_is_refused")]
    [TestCase(new[] { 8, 12, 0, 4 }, 12, "holes", TestName = "A_hole_between_unsorted_tensors_is_refused")]
    [TestCase(new[] { 0, 4 }, 8, "but the file has", TestName = "Bytes_after_the_last_tensor_are_refused")]
    public void A_layout_that_is_not_gapless_is_refused(int[] offsets, int length, string message)
    {
        using var folder = new TemporaryFolder();
        var entries = offsets.Chunk(2).Select((pair, index) => Entry($"t{index}", pair[0], pair[1]));
        Write(folder.File("a"), $"{{{string.Join(',', entries)}}}", length);

        Assert.That(
            () => SafetensorsFile.Open(folder.File("a")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void Tensors_in_any_order_and_empty_ones_are_read()
    {
        using var folder = new TemporaryFolder();
        Write(
            folder.File("a"),
            $"{{{Entry("b", 4, 12)},{Entry("a", 0, 4)},{Entry("none", 4, 4)},{Entry("last", 12, 12)}}}   ",
            12
        );

        var file = SafetensorsFile.Open(folder.File("a"));

        Assert.That(file.Names, Is.EqualTo(new[] { "a", "b", "last", "none" }));
        Assert.That(file.Read("b").Floats.ToArray(), Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(file.Read("none").Length, Is.Zero);
    }

    [Test]
    public void A_name_that_comes_twice_is_refused()
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a"), $"{{{Entry("a", 0, 4)},{Entry("a", 4, 8)}}}", 8);

        Assert.That(() => SafetensorsFile.Open(folder.File("a")), Throws.TypeOf<ModelFormatException>());
    }

    [Test]
    public void A_header_that_begins_with_anything_but_a_brace_is_refused()
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a"), $" {{{Entry("a", 0, 4)}}}", 4);

        Assert.That(
            () => SafetensorsFile.Open(folder.File("a")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("begin with '{'")
        );
    }

    private static string Entry(string name, int begin, int end) =>
        $"\"{name}\":{{\"dtype\":\"F32\",\"shape\":[{(end - begin) / 4}],\"data_offsets\":[{begin},{end}]}}";

    private static void Write(string path, string header, int length) =>
        File.WriteAllBytes(
            path,
            [
                .. BitConverter.GetBytes((long)header.Length),
                .. Encoding.UTF8.GetBytes(header),
                .. Enumerable.Range(0, length / 4).SelectMany(number => BitConverter.GetBytes((float)number)),
            ]
        );
}
