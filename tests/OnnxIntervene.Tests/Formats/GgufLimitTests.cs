using System.Text;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>Tensors of a gguf file have bytes of their own, and its header takes little memory.</summary>
public sealed class GgufLimitTests
{
    [TestCase(0UL, "overlap")]
    [TestCase(16UL, "overlap")]
    [TestCase(32UL, "")]
    [TestCase(33UL, "begin at byte")]
    [TestCase(64UL, "begin at byte")]
    public void Tensors_that_do_not_follow_one_another_are_refused(ulong second, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.gguf"), Bytes(["a", "b"], [0, second], []));

        if (message.Length == 0)
            Assert.That(GgufFile.Open(folder.File("a.gguf")).Read("b").Length, Is.EqualTo(8));
        else
            Assert.That(
                () => GgufFile.Open(folder.File("a.gguf")),
                Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
            );
    }

    [Test]
    public void An_entry_of_metadata_that_comes_twice_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.gguf"), Bytes([], [], ["key", "key"]));

        Assert.That(
            () => GgufFile.Open(folder.File("a.gguf")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("two entries of metadata 'key'")
        );
    }

    [Test]
    public void More_entries_than_any_model_has_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(
            folder.File("a.gguf"),
            Bytes([], [], [.. Enumerable.Range(0, 70_000).Select(number => $"{number}")])
        );

        Assert.That(
            () => GgufFile.Open(folder.File("a.gguf")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("70000 entries")
        );
    }

    private static byte[] Bytes(string[] tensors, ulong[] offsets, string[] keys)
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Length);
        writer.Write((ulong)keys.Length);
        foreach (var key in keys)
        {
            WriteText(key);
            writer.Write(7u);
            writer.Write((byte)1);
        }

        foreach (var (name, offset) in tensors.Zip(offsets))
        {
            WriteText(name);
            writer.Write(1u);
            writer.Write(8UL);
            writer.Write(0u);
            writer.Write(offset);
        }

        while (file.Length % 32 != 0)
            writer.Write((byte)0);
        writer.Write(new byte[96]);
        return file.ToArray();

        void WriteText(string text)
        {
            writer.Write((ulong)text.Length);
            writer.Write(Encoding.ASCII.GetBytes(text));
        }
    }
}
