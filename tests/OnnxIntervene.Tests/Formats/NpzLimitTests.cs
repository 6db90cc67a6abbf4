using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>A .npz file takes memory in proportion to its length, whatever its entries claim.</summary>
public sealed class NpzLimitTests
{
    private const long Room = 64L << 20;

    [TestCase("<f4", 64 << 20, 1)]
    [TestCase("<f4", 4 << 20, 16, TestName = "Many_entries_count_together")]
    [TestCase("|b1", 16 << 20, 1, TestName = "What_elements_take_in_memory_counts")]
    public void An_archive_that_unpacks_to_far_more_than_it_has_is_refused(string type, int count, int entries)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a.npz"), type, count, entries);

        var (taken, fault) = Measured(folder.File("a.npz"));

        Assert.That(fault, Does.Contain("when unpacked"));
        Assert.That(taken, Is.LessThan(Room));
    }

    [TestCase("<f4")]
    [TestCase("<f2")]
    [TestCase("<i8")]
    public void An_archive_within_the_limit_is_read_with_one_copy(string type)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a.npz"), type, 4 << 20, 1);

        var (taken, fault) = Measured(folder.File("a.npz"));

        Assert.That(fault, Is.Null);
        Assert.That(taken, Is.LessThan(Room));
        Assert.That(NpzFile.Read(folder.File("a.npz"))["a0"].Length, Is.EqualTo(4 << 20));
    }

    [TestCase(8)]
    [TestCase(-8)]
    [TestCase(4)]
    public void An_entry_that_has_another_size_than_it_claims_is_refused(int more)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a.npz"), "<f4", 1000, 1);
        var bytes = File.ReadAllBytes(folder.File("a.npz"));
        foreach (var place in new[] { bytes.AsSpan().IndexOf("PK\u0001\u0002"u8) + 24 })
            BinaryPrimitives.WriteInt32LittleEndian(
                bytes.AsSpan(place),
                BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(place)) + more
            );
        File.WriteAllBytes(folder.File("a.npz"), bytes);

        Assert.That(() => NpzFile.Read(folder.File("a.npz")), Throws.TypeOf<ModelFormatException>());
    }

    [Test]
    public void A_header_that_claims_fewer_elements_than_the_entry_has_is_refused()
    {
        using var folder = new TemporaryFolder();
        using (var zip = new ZipArchive(File.Create(folder.File("a.npz")), ZipArchiveMode.Create))
        {
            using var stream = zip.CreateEntry("a.npy").Open();
            stream.Write(Header("<f4", 3));
            stream.Write(new byte[16]);
        }

        Assert.That(
            () => NpzFile.Read(folder.File("a.npz")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("should hold 12 bytes")
        );
    }

    private static (long Taken, string? Fault) Measured(string path)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        string? message = null;
        try
        {
            NpzFile.Read(path);
        }
        catch (ModelFormatException fault)
        {
            message = fault.Message;
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before, message);
    }

    private static void Write(string path, string type, int count, int entries)
    {
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        var zeros = new byte[1 << 16];
        for (var index = 0; index < entries; index++)
        {
            using var stream = zip.CreateEntry($"a{index}.npy", CompressionLevel.Fastest).Open();
            stream.Write(Header(type, count));
            for (var left = (long)count * (type[2] - '0'); left > 0; left -= zeros.Length)
                stream.Write(zeros, 0, (int)Math.Min(left, zeros.Length));
        }
    }

    private static byte[] Header(string type, int count)
    {
        var text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({count},), }}".PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, 0, .. Encoding.ASCII.GetBytes(text)];
    }
}
