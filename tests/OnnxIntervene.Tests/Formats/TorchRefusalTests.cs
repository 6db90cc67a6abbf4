using System.IO.Compression;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>Torch files come from strangers: nothing in them is run, and nothing that they claim is believed.</summary>
public sealed class TorchRefusalTests
{
    [TestCase("\u0080\u0002cos\nsystem\n(X\u0002\0\0\0lstR.", "the class 'os.system', which is not run")]
    [TestCase("\u0080\u0002cbuiltins\neval\n(X\u0001\0\0\01tR.", "'builtins.eval'")]
    [TestCase("\u0080\u0004\u008c\u0005posix\u008c\u0006system\u0093.", "'posix.system'")]
    [TestCase("\u0080\u0002ctorch.nn.modules.linear\nLinear\n)\u0081.", "'torch.nn.modules.linear.Linear'")]
    [TestCase("\u0080\u0002ccollections\nOrderedDict\n)\u0081.", "opcode NewObject")]
    [TestCase("(S'ls'\nios\nsystem\n.", "opcode String")]
    [TestCase("(ios\nsystem\n.", "opcode Instance")]
    [TestCase("\u0080\u0002}}0.", "opcode Pop")]
    [TestCase("\u0080\u0002\u00ff.", "ff at 2")]
    [TestCase("\u0080\u0007}.", "protocol 7")]
    [TestCase("\u0080\u0002ctorch\nFloatStorage\n)R.", "calls 'torch.FloatStorage'")]
    [TestCase("\u0080\u0002ccollections\nOrderedDict\n]\u0085R.", "calls 'collections.OrderedDict'")]
    [TestCase("\u0080\u0002K\u0001)R.", "a number is called")]
    [TestCase("\u0080\u0002X\u0004\0\0\0evilQ.", "a text is found where a storage")]
    [TestCase("\u0080\u0002].", "holds a list")]
    [TestCase("\u0080\u0002}X\u0005\0\0\0epochK\u0003s.", "'epoch' is a number")]
    [TestCase("\u0080\u0002}K\u0003K\u0003s.", "a number is found where a tensor's name")]
    [TestCase("\u0080\u0002}(K\u0003u.", "SetItems meets a dictionary")]
    [TestCase("\u0080\u0002R.", "stack is empty")]
    [TestCase("\u0080\u0002}(s.", "stack is empty")]
    [TestCase("\u0080\u0002t.", "mark is missing")]
    [TestCase("\u0080\u0002h\u0009.", "no entry 9")]
    [TestCase("\u0080\u0002q\u0009.", "stack is empty")]
    [TestCase("\u0080\u0002}", "cut off")]
    [TestCase("\u0080\u0002X\u00ff\u00ff\u00ff\u00ff", "claims 4294967295 bytes")]
    [TestCase("\u0080\u0002cos", "does not end")]
    [TestCase("\u0080\u0002X\u0001\0\0\0\u00ff.", "UTF-8")]
    [TestCase("\u0080\u0002\u008a\u0009\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001.", "9 bytes")]
    public void A_pickle_that_is_more_or_less_than_tensors_is_refused(string pickle, string message)
    {
        using var folder = new TemporaryFolder();
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Pickle(pickle));

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [TestCase("K\x05", "K\x01", "K\0", "K\x04", "reach to 4, but its storage has 4")]
    [TestCase("K\x02", "K\x04", "K\0", "K\x04", "reach to 4")]
    [TestCase("K\x01", "K\x01", "K\x04", "K\x04", "reach to 4")]
    [TestCase("K\x02", "J\u00ff\u00ff\u00ff\u00ff", "K\x03", "K\x04", "strides [-1]")]
    [TestCase("K\x01", "K\x01", "J\u00ff\u00ff\u00ff\u00ff", "K\x04", "offset -1")]
    [TestCase("J\u00ff\u00ff\u00ff\u00ff", "K\x01", "K\0", "K\x04", "not a shape")]
    [TestCase("K\x04", "", "K\0", "K\x04", "not a shape")]
    [TestCase("K\x05", "K\0", "K\0", "K\x04", "more than once")]
    [TestCase(
        "J\u00ff\u00ff\u00ff\x7fJ\u00ff\u00ff\u00ff\x7fJ\u00ff\u00ff\u00ff\x7fK\0",
        "K\0K\0K\0K\0",
        "K\0",
        "K\x04",
        "too large"
    )]
    [TestCase(
        "K\x02",
        "\u008a\x08\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\x7f",
        "\u008a\x08\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\x7f",
        "K\x04",
        "reach to 18446744073709551614"
    )]
    [TestCase(
        "K\x02",
        "K\x01",
        "K\0",
        "\u008a\x08\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\x7f",
        "should hold 9223372036854775807 elements"
    )]
    [TestCase("K\x02", "K\x01", "K\0", "K\x03", "should hold 3 elements of 4 bytes, but has 16")]
    [TestCase("K\x02", "K\x01", "K\0", "J\u00fc\u00ff\u00ff\u00ff", "should hold -4")]
    [TestCase("X\0\0\0\0", "K\x01", "K\0", "K\x04", "a text is among the sizes")]
    public void A_view_that_leaves_its_storage_is_refused_before_memory_is_taken(
        string shape,
        string strides,
        string offset,
        string count,
        string message
    )
    {
        using var folder = new TemporaryFolder();
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Tensor(shape, strides, offset, count));

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [TestCase("ComplexFloatStorage", "0", "'torch.ComplexFloatStorage', which is not run")]
    [TestCase("FloatStorage", "1", "no entry 'archive/data/1'")]
    [TestCase("FloatStorage", "../data.pkl", "no entry 'archive/data/../data.pkl'")]
    public void A_storage_that_is_unknown_or_missing_is_refused(string storage, string key, string message)
    {
        using var folder = new TemporaryFolder();
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Tensor("K\x02", "K\x01", storage: storage, key: key));

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void Lists_in_themselves_and_tuples_of_tuples_end()
    {
        using var folder = new TemporaryFolder();
        var circle = "]q\0h\0a";
        var nested = string.Concat(Enumerable.Repeat("q\u0001h\u0001\u0086", 100_000));
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Pickle($"\u0080\u0002{circle}K\u0001{nested}."));

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("holds a tuple")
        );
    }

    [Test]
    public void Tensors_that_show_the_same_bytes_again_and_again_are_refused()
    {
        using var folder = new TemporaryFolder();
        var one = System.Text.Encoding.Latin1.GetString(
            TorchArchive.Tensor("J\0\0\u0010\0", "K\x01", count: "J\0\0\u0010\0")
        )[3..^2];
        var pickle =
            "\u0080\u0002}"
            + string.Concat(Enumerable.Range(0, 40).Select(number => $"{TorchArchive.Text($"{number:00}")}{one[6..]}s"))
            + ".";
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Pickle(pickle), new byte[4 << 20]);

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("too often")
        );
    }

    [TestCase("archive/../../evil", "would leave the archive")]
    [TestCase("/etc/passwd", "would leave the archive")]
    [TestCase("a\\..\\b", "would leave the archive")]
    [TestCase("archive/data/0", "two entries")]
    [TestCase("other/data.pkl", "2 entries 'data.pkl'")]
    [TestCase("archive/byteorder", "two entries")]
    public void An_archive_with_an_entry_that_should_not_be_is_refused(string name, string message)
    {
        using var folder = new TemporaryFolder();
        TorchArchive.Write(folder.File("a.bin"), TorchArchive.Tensor("K\x02", "K\x01"));
        using (var zip = ZipFile.Open(folder.File("a.bin"), ZipArchiveMode.Update))
            TorchArchive.Add(zip, name, [1], CompressionLevel.NoCompression);

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void A_compressed_entry_that_would_fill_the_memory_is_refused()
    {
        using var folder = new TemporaryFolder();
        TorchArchive.Write(
            folder.File("a.bin"),
            TorchArchive.Tensor("K\x02", "K\x01"),
            new byte[(1 << 28) + 4],
            CompressionLevel.Fastest
        );

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("when unpacked")
        );
    }

    [Test]
    public void Files_of_other_formats_are_told_what_to_do()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("legacy.bin"), [0x80, 2, 0x8a, 10]);
        File.WriteAllText(folder.File("text.bin"), "hello");
        File.WriteAllBytes(folder.File("empty.bin"), []);
        TorchArchive.Write(folder.File("plain.zip"), [], folder: "a/b");

        Assert.That(
            () => TorchFile.Read(folder.File("legacy.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("save it again with torch.save")
        );
        Assert.That(
            () => TorchFile.Read(folder.File("text.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("not a file of torch.save")
        );
        Assert.That(
            () => TorchFile.Read(folder.File("empty.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("not a file of torch.save")
        );
        Assert.That(
            () => TorchFile.Read(folder.File("none.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("There is no file")
        );
        Assert.That(
            () => TorchFile.Read(folder.File("plain.zip")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("0 entries 'data.pkl'")
        );
    }

    [Test]
    public void Bytes_in_another_order_are_refused()
    {
        using var folder = new TemporaryFolder();
        using (var zip = new ZipArchive(File.Create(folder.File("a.bin")), ZipArchiveMode.Create))
        {
            TorchArchive.Add(zip, "a/data.pkl", TorchArchive.Tensor("K\x02", "K\x01"), CompressionLevel.NoCompression);
            TorchArchive.Add(zip, "a/byteorder", "big"u8.ToArray(), CompressionLevel.NoCompression);
        }

        Assert.That(
            () => TorchFile.Read(folder.File("a.bin")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("little-endian")
        );
    }

    [Test]
    public void Mutated_files_are_read_or_refused()
    {
        const int Seed = 11;
        var random = new Random(Seed);
        using var folder = new TemporaryFolder();
        var seed = File.ReadAllBytes(
            TorchFileTests.SavedFiles().First(path => path.Contains("sigmoid-mask", StringComparison.Ordinal))
        );
        var refused = 0;
        for (var round = 0; round < 800; round++)
        {
            var bytes = (byte[])seed.Clone();
            for (var count = random.Next(1, 5); count > 0; count--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(folder.File("mutated"), round % 4 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            refused += Refuses(folder.File("mutated")) ? 1 : 0;
        }

        Assert.That(refused, Is.InRange(200, 799), $"seed {Seed}");
    }

    private static bool Refuses(string path)
    {
        try
        {
            TorchFile.Read(path);
            return false;
        }
        catch (ModelFormatException)
        {
            return true;
        }
    }
}
