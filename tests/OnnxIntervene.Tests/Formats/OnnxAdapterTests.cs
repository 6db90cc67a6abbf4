using System.Collections.Immutable;
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
