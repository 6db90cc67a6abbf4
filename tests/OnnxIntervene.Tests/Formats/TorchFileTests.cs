using System.IO.Compression;
using System.Text.RegularExpressions;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

public sealed partial class TorchFileTests
{
    private static readonly float[] s_numbers = [0, 1, -2.5f, 65504, float.PositiveInfinity, 0.0625f];

    /// <summary>What torch wrote.</summary>
    public static IEnumerable<string> SavedFiles() =>
        Directory
            .EnumerateFiles(
                Path.Combine(RepositoryPaths.OwnReferences, "families"),
                "intkey_*.bin",
                SearchOption.AllDirectories
            )
            .Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(SavedFiles))]
    public void A_saved_intervention_survives_reading_and_writing(string path)
    {
        using var folder = new TemporaryFolder();
        var tensors = TorchFile.Read(path);

        TorchFile.Write(folder.File(Path.GetFileName(path)), tensors);

        var copy = TorchFile.Read(folder.File(Path.GetFileName(path)));
        Assert.That(copy.Keys, Is.EqualTo(tensors.Keys).And.SupersetOf(new[] { "embed_dim", "interchange_dim" }));
        Assert.That(tensors["embed_dim"].ElementType, Is.EqualTo(ElementType.Int64));
        Assert.That(tensors["embed_dim"].Array.Shape, Is.Empty);
        foreach (var (name, tensor) in tensors)
        {
            Assert.That(copy[name].ElementType, Is.EqualTo(tensor.ElementType), name);
            Assert.That(Same(copy[name].Array, tensor.Array), name);
        }
    }

    [TestCaseSource(nameof(SavedFiles))]
    public void A_written_pickle_has_the_instructions_of_torchs_own(string path)
    {
        using var folder = new TemporaryFolder();
        TorchFile.Write(folder.File("copy.bin"), TorchFile.Read(path));

        var own = Listing(folder.File("copy.bin"));
        var expected = Listing(path);

        // torch kept the bases of these two as it had computed them: column by column.
        if (path.Contains("low-rank", StringComparison.Ordinal))
            expected = ColumnMajor().Replace(expected, "BinInt1 $1\nBinInt1 1\nTuple2");
        Assert.That(own, Is.EqualTo(expected).And.Contains("Global 'torch._utils._rebuild_tensor_v2'"));
    }

    [TestCaseSource(nameof(SavedFiles))]
    public void A_written_file_has_the_bytes_of_torchs_own_up_to_its_random_number(string path)
    {
        using var folder = new TemporaryFolder();
        TorchFile.Write(folder.File(Path.GetFileName(path)), TorchFile.Read(path));

        var own = File.ReadAllBytes(folder.File(Path.GetFileName(path)));
        var torchs = File.ReadAllBytes(path);

        // The serialization id is the last entry; the directory follows, with the same entries but that one.
        var end = torchs.AsSpan().LastIndexOf("PK\x03\x04"u8);
        var directory = torchs.AsSpan().IndexOf("PK\x01\x02"u8);
        var lastEntry = torchs.AsSpan().LastIndexOf("PK\x01\x02"u8);
        Assert.That(own[end..(end + 4)], Is.EqualTo("PK\x01\x02"u8.ToArray()));
        if (path.Contains("low-rank", StringComparison.Ordinal))
        {
            Assert.That(own, Has.Length.EqualTo(end + lastEntry - directory + 98));
            return;
        }

        Assert.That(own.AsSpan(0, end).SequenceEqual(torchs.AsSpan(0, end)), "entries");
        Assert.That(
            own.AsSpan(end, lastEntry - directory).SequenceEqual(torchs.AsSpan(directory, lastEntry - directory)),
            "directory"
        );
        Assert.That(
            own,
            Has.Length.EqualTo(end + lastEntry - directory + 98),
            "the end of the directory, in 64 and in 32 bits"
        );
    }

    [TestCase(ElementType.Float32)]
    [TestCase(ElementType.Float64)]
    [TestCase(ElementType.Float16)]
    public void Floats_of_every_size_survive(ElementType type)
    {
        using var folder = new TemporaryFolder();
        TorchFile.Write(folder.File("a.bin"), [new("a", new TorchTensor(NumericArray.Of(s_numbers, 2, 3), type))]);

        var tensor = TorchFile.Read(folder.File("a.bin"))["a"];

        Assert.That(tensor.ElementType, Is.EqualTo(type));
        Assert.That(Same(tensor.Array, NumericArray.Of(s_numbers, 2, 3)));
    }

    [Test]
    public void Upper_halves_of_floats_are_rounded_to_the_nearest_and_halves_to_the_even()
    {
        using var folder = new TemporaryFolder();
        float[] numbers = [1.00390625f, 1.01171875f, 1.00390637f, -0f, float.NaN];
        TorchFile.Write(
            folder.File("a.bin"),
            [new("a", new TorchTensor(NumericArray.Of(numbers, 5), ElementType.BFloat16))]
        );

        var floats = TorchFile.Read(folder.File("a.bin"))["a"].Array.Floats;

        Assert.That(floats.ToArray(), Is.EqualTo(new[] { 1f, 1.015625f, 1.0078125f, -0f, float.NaN }));
    }

    [TestCase(ElementType.Int64)]
    [TestCase(ElementType.Int32)]
    [TestCase(ElementType.Int16)]
    [TestCase(ElementType.Int8)]
    [TestCase(ElementType.UInt8)]
    [TestCase(ElementType.Bool)]
    public void Integers_of_every_size_survive(ElementType type)
    {
        using var folder = new TemporaryFolder();
        TorchFile.Write(
            folder.File("a.bin"),
            [
                new("a.b.c", new TorchTensor(NumericArray.Of(new long[] { 1, 0, 1, 1 }, 1, 1, 2, 2), type)),
                new("b", TorchTensor.Of(7)),
            ]
        );

        var tensors = TorchFile.Read(folder.File("a.bin"));

        Assert.That(tensors["a.b.c"].ElementType, Is.EqualTo(type));
        Assert.That(tensors["a.b.c"].Array.Integers.ToArray(), Is.EqualTo(new[] { 1, 0, 1, 1 }));
        Assert.That(tensors["a.b.c"].Array.Shape, Is.EqualTo(new[] { 1, 1, 2, 2 }));
        Assert.That(tensors["b"].Array.Integers.ToArray(), Is.EqualTo(new[] { 7 }));
    }

    [Test]
    public void Numbers_that_do_not_fit_their_type_are_not_written()
    {
        using var folder = new TemporaryFolder();
        var large = new TorchTensor(NumericArray.Of(new[] { 300L }), ElementType.UInt8);
        var mixed = new TorchTensor(NumericArray.Of(new[] { 3L }), ElementType.Float32);

        Assert.That(
            () => TorchFile.Write(folder.File("a.bin"), [new("a", large)]),
            Throws.ArgumentException.With.Message.Contains("UInt8")
        );
        Assert.That(
            () => TorchFile.Write(folder.File("a.bin"), [new("a", mixed)]),
            Throws.ArgumentException.With.Message.Contains("Float32")
        );
        Assert.That(Directory.EnumerateFiles(folder.Path), Is.Empty);
    }

    [Test]
    public void More_tensors_than_a_batch_and_a_byte_of_the_memo_survive()
    {
        using var folder = new TemporaryFolder();
        var tensors = Enumerable
            .Range(0, 2001)
            .Select(number => KeyValuePair.Create($"layer.{number}", TorchTensor.Of(number)))
            .ToList();

        TorchFile.Write(folder.File("a.bin"), tensors);

        var copy = TorchFile.Read(folder.File("a.bin"));
        Assert.That(copy.Keys, Is.EqualTo(tensors.Select(tensor => tensor.Key)));
        Assert.That(copy.Values.Select(tensor => tensor.Array.Integers[0]), Is.EqualTo(Enumerable.Range(0, 2001)));
    }

    [TestCase("K\x02K\x02", "K\x01K\x02", "K\0", new float[] { 1, 3, 2, 4 })]
    [TestCase("K\x02", "K\x02", "K\x01", new float[] { 2, 4 })]
    [TestCase("K\x01K\x03", "K\x09K\x01", "K\x01", new float[] { 2, 3, 4 })]
    [TestCase("", "", "K\x03", new float[] { 4 })]
    [TestCase("K\0K\x05", "K\x05K\x01", "K\0", new float[0])]
    public void Views_come_in_row_major_order(string shape, string strides, string offset, float[] expected)
    {
        using var folder = new TemporaryFolder();
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Tensor(shape, strides, offset));

        Assert.That(TorchFile.Read(folder.File("a.bin"))["a"].Array.Floats.ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void Later_protocols_and_compressed_entries_are_read()
    {
        using var folder = new TemporaryFolder();
        var pickle = TorchArchive.Pickle(
            "\u0080\u0004\u0095\0\0\0\0\0\0\0\0}\u0094\u008c\u0001a\u008c\u000ctorch._utils"
                + "\u008c\u0012_rebuild_tensor_v2\u0093\u0094((\u008c\astorage\u008c\u0005torch"
                + "\u008c\u000cFloatStorage\u0093\u008c\u00010\u008c\u0003cpu"
                + "\u008a\u0001\u0004tQK\0K\x04\u0085K\x01\u0085\u0088N\u0074Rs."
        );
        TorchArchive.Write(folder.File("a.bin"), pickle, level: CompressionLevel.Optimal);

        Assert.That(
            TorchFile.Read(folder.File("a.bin"))["a"].Array.Floats.ToArray(),
            Is.EqualTo(new float[] { 1, 2, 3, 4 })
        );
    }

    [Test]
    public void A_saved_intervention_survives_as_safetensors()
    {
        using var folder = new TemporaryFolder();
        var tensors = TorchFile.Read(SavedFiles().First());

        SafetensorsFile.Write(
            folder.File("a.safetensors"),
            tensors.ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Array)
        );

        var copy = SafetensorsFile.Open(folder.File("a.safetensors"));
        Assert.That(copy.Names, Is.EquivalentTo(tensors.Keys));
        foreach (var (name, tensor) in tensors)
            Assert.That(Same(copy.Read(name), tensor.Array), name);
    }

    private static string Listing(string path)
    {
        using var zip = ZipFile.OpenRead(path);
        using var stream = zip.Entries.Single(entry => entry.Name == "data.pkl").Open();
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return string.Join('\n', PickleReader.Parse(memory.ToArray(), path));
    }

    private static bool Same(NumericArray left, NumericArray right) =>
        left.Shape.SequenceEqual(right.Shape)
        && (left.IsInteger ? left.Integers.SequenceEqual(right.Integers) : left.Floats.SequenceEqual(right.Floats));

    [GeneratedRegex(@"BinInt1 1\nBinInt1 (32|64)\nTuple2")]
    private static partial Regex ColumnMajor();
}
