using System.Collections.Immutable;
using Google.FlatBuffers;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>Adapters are read as they were written, by this project and by ONNX Runtime.</summary>
public sealed class OnnxAdapterTests
{
    private static OnnxAdapter Sample() =>
        new(
            new Dictionary<string, TensorData>
            {
                ["intervene/0/source"] = TensorData.FromFloats([1, 1, 3], [1, -2, 3]),
                ["a name of 21 letters"] = TensorData.FromFloats([2, 2], [1, 2, 3, 4]),
                ["none"] = TensorData.FromFloats([0, 4], []),
                ["numbers"] = TensorData.FromIntegers([2], [7, -8]),
            }.ToImmutableSortedDictionary(StringComparer.Ordinal)
        )
        {
            AdapterVersion = 3,
            ModelVersion = 4,
        };

    [Test]
    public void An_adapter_is_read_as_it_was_written()
    {
        using var folder = new TemporaryFolder();
        var adapter = Sample();

        adapter.Write(folder.File("a.onnx_adapter"));
        var read = OnnxAdapter.Read(folder.File("a.onnx_adapter"));

        Assert.That((read.AdapterVersion, read.ModelVersion), Is.EqualTo((3, 4)));
        Assert.That(read.Parameters.Keys, Is.EqualTo(adapter.Parameters.Keys));
        foreach (var (name, data) in adapter.Parameters)
        {
            Assert.That(read.Parameters[name].ToString(), Is.EqualTo(data.ToString()));
            Assert.That(read.Parameters[name].ReadBytes().ToArray(), Is.EqualTo(data.ReadBytes().ToArray()));
        }
    }

    [Test]
    public void ONNX_Runtime_reads_it()
    {
        using var folder = new TemporaryFolder();
        Sample().Write(folder.File("a.onnx_adapter"));

        Assert.DoesNotThrow(() => OrtLoraAdapter.Create(folder.File("a.onnx_adapter"), null).Dispose());
    }

    [Test]
    public void What_ONNX_Runtime_would_refuse_is_not_written()
    {
        using var stream = new MemoryStream();
        var scalar = new OnnxAdapter(Sample().Parameters.Add("scalar", TensorData.FromFloats([], [1])));
        var marks = TensorData.FromBytes(ElementType.Bool, [1], new byte[] { 1 });

        Assert.That(() => scalar.Write(stream), Throws.TypeOf<InterventionException>().With.Message.Contains("scalar"));
        Assert.That(
            () => new OnnxAdapter(Sample().Parameters.Add("active", marks)).Write(stream),
            Throws.TypeOf<InterventionException>().With.Message.Contains("active")
        );
        Assert.That(stream.Length, Is.Zero);
    }

    [TestCase(3L)]
    [TestCase(1L << 60)]
    [TestCase(long.MaxValue)]
    [TestCase(-2L)]
    public void Sizes_that_the_contents_do_not_have_are_refused(long size)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.onnx_adapter");
        new OnnxAdapter(
            ImmutableSortedDictionary<string, TensorData>.Empty.Add(
                "a",
                TensorData.FromIntegers([0x1234], new long[0x1234])
            )
        ).Write(path);
        var bytes = File.ReadAllBytes(path);
        BitConverter.GetBytes(size).CopyTo(bytes, bytes.AsSpan().IndexOf(BitConverter.GetBytes(0x1234L)));
        File.WriteAllBytes(path, bytes);

        Assert.That(
            () => OnnxAdapter.Read(path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains($"[{size}]")
        );
    }

    [Test]
    public void Parameters_over_the_same_bytes_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.onnx_adapter"), OverTheSameBytes("a"));
        File.WriteAllBytes(folder.File("b.onnx_adapter"), OverTheSameBytes("a", "b"));

        Assert.That(OnnxAdapter.Read(folder.File("a.onnx_adapter")).Parameters, Has.Count.EqualTo(1));
        Assert.That(
            () => OnnxAdapter.Read(folder.File("b.onnx_adapter")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("more bytes than the file has")
        );
    }

    // By the schema in onnxruntime/lora/adapter_format/adapter_schema.fbs.
    private static byte[] OverTheSameBytes(params string[] names)
    {
        const int Count = 500;
        var builder = new FlatBufferBuilder(1 << 14);
        builder.StartVector(sizeof(byte), Count * sizeof(long), sizeof(long));
        for (var index = 0; index < Count; index++)
            builder.PutLong(0);
        var contents = builder.EndVector().Value;
        builder.StartVector(sizeof(long), 1, sizeof(long));
        builder.AddLong(Count);
        var sizes = builder.EndVector().Value;
        var tables = names.Select(Table).ToList();
        builder.StartVector(sizeof(int), tables.Count, sizeof(int));
        foreach (var table in tables)
            builder.AddOffset(table);
        var parameters = builder.EndVector().Value;
        builder.StartTable(4);
        builder.AddInt(0, 1, 0);
        builder.AddOffset(3, parameters, 0);
        builder.Finish(builder.EndTable(), "TORT");
        return builder.SizedByteArray();

        int Table(string name)
        {
            var text = builder.CreateString(name).Value;
            builder.StartTable(4);
            builder.AddOffset(0, text, 0);
            builder.AddOffset(1, sizes, 0);
            builder.AddInt(2, (int)ElementType.Int64, 0);
            builder.AddOffset(3, contents, 0);
            return builder.EndTable();
        }
    }

    [Test]
    public void Every_file_that_is_cut_off_or_changed_is_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.onnx_adapter");
        Sample().Write(path);
        var whole = File.ReadAllBytes(path);
        var refused = 0;

        for (var index = 0; index < whole.Length; index += 3)
        {
            var changed = (byte[])whole.Clone();
            changed[index] ^= 0xFF;
            foreach (var bytes in new[] { whole[..index], changed })
            {
                File.WriteAllBytes(path, bytes);
                try
                {
                    OnnxAdapter.Read(path);
                }
                catch (ModelFormatException)
                {
                    refused++;
                }
            }
        }

        Assert.That(refused, Is.GreaterThan(whole.Length / 3), "every cut is refused at least");
    }
}
