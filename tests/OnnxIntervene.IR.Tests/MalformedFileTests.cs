using Google.Protobuf;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.IR.Serialization.Wire;
using OnnxIntervene.Testing;

namespace OnnxIntervene.IR.Tests;

/// <summary>A file that is not what it says is refused with the place; nothing else comes out.</summary>
public sealed class MalformedFileTests
{
    private const int MutationsPerSeed = 3000;

    [Test]
    public void A_file_that_is_cut_off_anywhere_is_refused()
    {
        var bytes = Bytes(SampleModels.WithBranches());

        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            if (Fault(cut) is { } fault)
                Assert.That(fault.Message, Does.Contain("model").And.Not.Empty, $"{length} bytes");
            else
                Assert.That(
                    ModelReader.Read(new MemoryStream(cut), null).Graph.NodeCount,
                    Is.GreaterThan(0),
                    $"{length} bytes"
                );
        }

        Assert.That(Fault(bytes[..(bytes.Length / 2)]), Is.Not.Null);
    }

    [Test]
    public void Mutated_files_are_read_or_refused_and_cost_little()
    {
        const int Seed = 20260101;
        var random = new Random(Seed);
        byte[][] seeds =
        [
            Bytes(SampleModels.Simple(8, 17)),
            Bytes(SampleModels.WithBranches()),
            Bytes(SampleModels.WithFunction(10)),
            Bytes(SampleModels.WithOptionalInput()),
        ];
        var refused = 0;
        foreach (var seed in seeds)
        {
            for (var index = 0; index < MutationsPerSeed; index++)
            {
                var mutated = Mutate(seed, random);
                var before = GC.GetAllocatedBytesForCurrentThread();
                refused += ReadPrintVerifyWrite(mutated) ? 0 : 1;
                Assert.That(
                    GC.GetAllocatedBytesForCurrentThread() - before,
                    Is.LessThan(64 << 20),
                    $"seed {Seed}, mutation {index}"
                );
            }
        }

        Assert.That(refused, Is.InRange(seeds.Length * MutationsPerSeed / 4, seeds.Length * MutationsPerSeed));
    }

    [Test]
    public void An_empty_file_a_text_and_a_later_version_are_refused()
    {
        Assert.That(Fault([])!.Message, Does.Contain("empty"));
        Assert.That(Fault("hello, this is not a model at all"u8.ToArray()), Is.Not.Null);
        Assert.That(Fault(Change(proto => proto.IrVersion = 14))!.Message, Does.Contain("IR version is 14"));
        Assert.That(Fault(Change(proto => proto.Graph = null))!.Message, Does.Contain("no graph"));
    }

    [Test]
    public void Deep_nesting_is_refused()
    {
        var graph = new GraphProto();
        for (var depth = 0; depth < 5000; depth++)
        {
            var node = new NodeProto { OpType = "If", Output = { "o" } };
            node.Attribute.Add(
                new AttributeProto
                {
                    Name = "body",
                    Type = AttributeProto.Types.AttributeType.Graph,
                    G = graph,
                }
            );
            graph = new GraphProto { Node = { node } };
            if (depth < 60)
                continue;
            Assert.That(
                Fault(new ModelProto { IrVersion = 8, Graph = graph }.ToByteArray())!.Message,
                Does.Contain("nesting")
            );
            return;
        }
    }

    [Test]
    public void Wiring_that_cannot_be_is_refused_with_the_name()
    {
        Assert.That(
            Fault(Change(proto => proto.Graph.Node[0].Input[0] = "nowhere"))!.Message,
            Does.Contain("'nowhere'").And.Contain("node[0]")
        );
        Assert.That(
            Fault(Change(proto => proto.Graph.Node[1].Output[0] = "sum_out"))!.Message,
            Does.Contain("'sum_out' occurs twice")
        );
        Assert.That(Fault(Change(proto => proto.Graph.Node[0].Input[0] = "y"))!.Message, Does.Contain("cycle"));
        Assert.That(Fault(Change(proto => proto.Graph.Output[0].Name = "gone"))!.Message, Does.Contain("'gone'"));
        Assert.That(Fault(Change(proto => proto.Graph.Node[0].OpType = ""))!.Message, Does.Contain("node[0]"));
    }

    [Test]
    public void Tensors_that_lie_are_refused_with_their_place()
    {
        Assert.That(
            Fault(Change(proto => proto.Graph.Initializer[0].Dims[0] = -1))!.Message,
            Does.Contain("size -1").And.Contain("initializer[0]")
        );
        Assert.That(
            Fault(Change(proto => proto.Graph.Initializer[0].Dims[0] = long.MaxValue))!.Message,
            Does.Contain("initializer[0]")
        );
        Assert.That(
            Fault(Change(proto => proto.Graph.Initializer[0].Dims[0] = 3))!.Message,
            Does.Contain("36 bytes").And.Contain("24")
        );
        Assert.That(Fault(Change(proto => proto.Graph.Initializer[0].DataType = 99))!.Message, Does.Contain("99"));
        Assert.That(
            Fault(
                Change(proto => proto.Graph.Initializer[0].InFile = new InFileSpan { Offset = 1, Length = 24 })
            )!.Message,
            Does.Contain("reserved")
        );
    }

    [TestCase("../outside.bin", "leaves the model's folder")]
    [TestCase("/etc/hostname", "not a path inside")]
    [TestCase("missing.bin", "no such file")]
    [TestCase("link.bin", "link that leaves")]
    [TestCase("short.bin", "8 bytes")]
    [TestCase("", "no location")]
    public void External_data_outside_the_folder_or_the_file_are_refused(string location, string message)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("model"));
        File.WriteAllBytes(folder.File("outside.bin"), new byte[100]);
        File.WriteAllBytes(folder.File("model/short.bin"), new byte[8]);
        File.CreateSymbolicLink(folder.File("model/link.bin"), folder.File("outside.bin"));
        var path = folder.File("model/model.onnx");
        File.WriteAllBytes(path, Change(proto => MakeExternal(proto.Graph.Initializer[0], location)));

        Assert.That(
            () => OnnxFile.Load(path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message).And.Message.Contains("initializer[0]")
        );
    }

    [Test]
    public void External_data_in_the_folder_are_read()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(
            folder.File("weights.bin"),
            [.. new byte[4], .. BitConverter.GetBytes(2.5f), .. new byte[20]]
        );
        File.WriteAllBytes(
            folder.File("model.onnx"),
            Change(proto =>
            {
                MakeExternal(proto.Graph.Initializer[0], "weights.bin");
                proto.Graph.Initializer[0].ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "4" });
            })
        );

        Assert.That(
            OnnxFile.Load(folder.File("model.onnx")).Graph.Initializers[0].Initializer!.ReadFloats()[0],
            Is.EqualTo(2.5f)
        );
    }

    private static void MakeExternal(TensorProto tensor, string location)
    {
        tensor.ClearRawData();
        tensor.DataLocation = 1;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
    }

    private static byte[] Bytes(Model model) => OnnxFile.Reference(model).Bytes.ToArray();

    private static byte[] Change(Action<ModelProto> change)
    {
        var proto = ModelProto.Parser.ParseFrom(Bytes(SampleModels.Simple(8, 17)));
        change(proto);
        return proto.ToByteArray();
    }

    private static ModelFormatException? Fault(byte[] bytes)
    {
        try
        {
            ModelReader.Read(new MemoryStream(bytes), null);
            return null;
        }
        catch (ModelFormatException fault)
        {
            return fault;
        }
    }

    // Anything but a ModelFormatException fails the test.
    private static bool ReadPrintVerifyWrite(byte[] bytes)
    {
        try
        {
            var model = ModelReader.Read(new MemoryStream(bytes), null);
            Assert.That(GraphPrinter.Print(model), Is.Not.Empty);
            GraphVerifier.FindFaults(model);
            Assert.That(new ModelWriter(new TensorWriter(_ => null)).Write(model).CalculateSize(), Is.GreaterThan(0));
            return true;
        }
        catch (ModelFormatException)
        {
            return false;
        }
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = seed.ToList();
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 12), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(length, bytes.Count - 1));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                default:
                    // A length that claims far more than there is.
                    bytes.InsertRange(at, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F });
                    break;
            }
        }

        return [.. bytes];
    }
}
