using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.IR.Serialization.Wire;
using OnnxIntervene.Testing;

namespace OnnxIntervene.IR.Tests;

/// <summary>The laws of reading and writing on small models for what the references lack.</summary>
public sealed class HandmadeRoundTripTests
{
    private static readonly float[] s_input = [0.5f, 1, -1, 6, -7, 8];
    private static readonly long[] s_shape = [2, 3];

    public static IEnumerable<TestCaseData> Models()
    {
        for (var ir = 3; ir <= Model.NewestIrVersion; ir++)
            yield return new TestCaseData(SampleModels.Simple(ir, 8)).SetArgDisplayNames($"IR {ir}");
        for (var operatorSet = 7; operatorSet <= 26; operatorSet++)
            yield return new TestCaseData(SampleModels.Simple(8, operatorSet)).SetArgDisplayNames(
                $"operator set {operatorSet}"
            );
        yield return new TestCaseData(SampleModels.WithBranches()).SetArgDisplayNames("If");
        yield return new TestCaseData(SampleModels.WithLoop()).SetArgDisplayNames("Loop");
        yield return new TestCaseData(SampleModels.WithScan()).SetArgDisplayNames("Scan");
        yield return new TestCaseData(SampleModels.WithFunction(8)).SetArgDisplayNames("local function");
        yield return new TestCaseData(SampleModels.WithFunction(10)).SetArgDisplayNames("local function, IR 10");
        yield return new TestCaseData(SampleModels.WithOptionalInput()).SetArgDisplayNames("optional input");
    }

    [TestCaseSource(nameof(Models))]
    public void Load_then_save_keeps_the_text_and_the_numbers(Model model)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(model, folder.File("one.onnx"));
        var loaded = OnnxFile.Load(folder.File("one.onnx"));

        OnnxFile.Save(loaded, folder.File("two.onnx"));

        Assert.That(GraphPrinter.Print(loaded), Is.EqualTo(GraphPrinter.Print(model)));
        Assert.That(GraphPrinter.Print(OnnxFile.Load(folder.File("two.onnx"))), Is.EqualTo(GraphPrinter.Print(model)));
        Assert.That(Run(folder.File("two.onnx")), Is.EqualTo(Run(folder.File("one.onnx"))));
        Assert.That(File.ReadAllBytes(folder.File("two.onnx")), Is.EqualTo(File.ReadAllBytes(folder.File("one.onnx"))));
    }

    [Test]
    public void Every_kind_of_attribute_comes_back()
    {
        var proto = Proto(SampleModels.Simple(8, 17));
        var node = proto.Graph.Node[0];
        var attributes = OneOfEachKind();
        for (var index = 0; index < attributes.Length; index++)
        {
            attributes[index].Name = $"a{index}";
            attributes[index].Type = (AttributeProto.Types.AttributeType)(index + 1);
            node.Attribute.Add(attributes[index].Clone());
        }

        var back = RoundTrip(proto);

        var first = ModelReader.Read(new MemoryStream(proto.ToByteArray()), null);
        Assert.That(
            GraphPrinter.Print(ModelReader.Read(new MemoryStream(back.ToByteArray()), null)),
            Is.EqualTo(GraphPrinter.Print(first))
        );
        Assert.That(
            first.Graph.Nodes.First().Attributes.Select(attribute => (int)attribute.Kind),
            Is.EqualTo(Enumerable.Range(1, 14))
        );
        Assert.That(back.Graph.Node[0].Attribute[2].S.ToByteArray(), Is.EqualTo(new byte[] { 255, 0 }));
    }

    // In the order of the kinds' numbers, from 1.
    private static AttributeProto[] OneOfEachKind()
    {
        var tensor = new TensorProto
        {
            DataType = 1,
            FloatData = { 1, 2 },
            Dims = { 2 },
        };
        var sparse = new SparseTensorProto
        {
            Values = tensor,
            Indices = new TensorProto
            {
                DataType = 7,
                Int64Data = { 0, 3 },
                Dims = { 2 },
            },
            Dims = { 5 },
        };
        var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } };
        return
        [
            new() { F = 1.5f },
            new() { I = -3 },
            new() { S = ByteString.CopyFrom(255, 0) },
            new() { T = tensor },
            new() { G = new GraphProto { Name = "g" } },
            new() { Floats = { 1, 2 } },
            new() { Ints = { 1, 2 } },
            new() { Strings = { ByteString.CopyFromUtf8("a") } },
            new() { Tensors = { tensor } },
            new() { Graphs = { new GraphProto { Name = "h" } } },
            new() { SparseTensor = sparse },
            new() { SparseTensors = { sparse } },
            new() { Tp = type },
            new() { TypeProtos = { type } },
        ];
    }

    [Test]
    public void What_is_not_known_stays_byte_for_byte()
    {
        // Field 999 as a text, appended to a message of each level.
        byte[] unknown = [0xBA, 0x3E, 0x03, (byte)'a', (byte)'b', (byte)'c'];
        var proto = Proto(SampleModels.Simple(8, 17));
        proto.MergeFrom(unknown);
        proto.Graph.MergeFrom(unknown);
        proto.Graph.Node[0].MergeFrom(unknown);
        proto.Graph.Initializer[0].MergeFrom(unknown);
        proto.Graph.Input[0].MergeFrom(unknown);
        proto.Graph.Input[0].Type.MergeFrom(unknown);
        proto.Graph.Node[0].DocString = "a text";
        proto.Graph.QuantizationAnnotation.Add(
            new TensorAnnotation
            {
                TensorName = "x",
                QuantParameterTensorNames =
                {
                    new StringStringEntryProto { Key = "SCALE_TENSOR", Value = "w" },
                },
            }
        );

        var back = RoundTrip(proto);

        Assert.That(back.Graph.QuantizationAnnotation, Is.EqualTo(proto.Graph.QuantizationAnnotation));
        Assert.That(back.Graph.Node[0], Is.EqualTo(proto.Graph.Node[0]));
        Assert.That(back.Graph.Input[0], Is.EqualTo(proto.Graph.Input[0]));
        Assert.That(back.Graph.Initializer[0], Is.EqualTo(proto.Graph.Initializer[0]));
        Assert.That(Occurrences(back.ToByteArray(), unknown), Is.EqualTo(6));
    }

    // A schema that writes no field of the value zero (proto3) would drop the sign of a zero, and with it 1 / x = -∞.
    [Test]
    public void A_negative_zero_comes_back_from_an_attribute_and_from_what_is_not_known()
    {
        var zero = new AttributeProto
        {
            Name = "value_float",
            Type = AttributeProto.Types.AttributeType.Float,
            F = -0.0f,
        };
        var proto = Proto(SampleModels.Simple(8, 17));
        proto.Graph.Node[0].Attribute.Add(zero.Clone());

        // training_info (20), whose algorithm (2) is a graph.
        var training = new GraphProto
        {
            Node =
            {
                new NodeProto
                {
                    OpType = "Constant",
                    Output = { "c" },
                    Attribute = { zero },
                },
            },
        }.ToByteString();
        proto.MergeFrom((byte[])[0xA2, 0x01, (byte)(training.Length + 2), 0x12, (byte)training.Length, .. training]);

        var back = RoundTrip(proto);

        Assert.That(BitConverter.SingleToInt32Bits(back.Graph.Node[0].Attribute[0].F), Is.EqualTo(int.MinValue));
        Assert.That(Occurrences(back.ToByteArray(), [0x15, 0, 0, 0, 0x80]), Is.EqualTo(2));
    }

    // Before IR 3 the field that is there tells an attribute's type: it must be seen although its value is zero.
    [TestCase(2, (byte)0x15, 0, 0, 0, 0)]
    [TestCase(3, (byte)0x18, 0)]
    [TestCase(4, (byte)0x22, 0)]
    public void A_zero_without_a_type_is_still_an_attribute(int kind, byte tag, params int[] content)
    {
        var proto = Proto(SampleModels.Simple(8, 17));
        proto.IrVersion = 1;
        var attribute = new AttributeProto { Name = "note" };
        attribute.MergeFrom((byte[])[tag, .. content.Select(part => (byte)part)]);
        proto.Graph.Node[0].Attribute.Add(attribute);

        var read = ModelReader
            .Read(new MemoryStream(proto.ToByteArray()), null)
            .Graph.Nodes.First()
            .Attributes.Single();

        Assert.That((int)read.Kind, Is.EqualTo(kind - 1));
    }

    [Test]
    public void Types_that_are_no_tensors_come_back()
    {
        // sequence_type (4) of a tensor type: kept as the file has it.
        byte[] sequence = [0x22, 0x06, 0x0A, 0x04, 0x0A, 0x02, 0x08, 0x01];
        var proto = Proto(SampleModels.Simple(8, 17));
        proto.Graph.Input[0].Type = TypeProto.Parser.ParseFrom(sequence);

        Assert.That(RoundTrip(proto).Graph.Input[0].Type.ToByteArray(), Is.EqualTo(sequence));
    }

    [Test]
    public void A_sparse_initializer_comes_back()
    {
        var proto = Proto(SampleModels.Simple(8, 17));
        proto.Graph.SparseInitializer.Add(
            new SparseTensorProto
            {
                Values = new TensorProto
                {
                    Name = "s",
                    DataType = 1,
                    Dims = { 1 },
                    RawData = ByteString.CopyFrom(0, 0, 128, 63),
                },
                Indices = new TensorProto
                {
                    DataType = 7,
                    Dims = { 1 },
                    RawData = ByteString.CopyFrom(2, 0, 0, 0, 0, 0, 0, 0),
                },
                Dims = { 4 },
            }
        );

        Assert.That(RoundTrip(proto).Graph.SparseInitializer, Is.EqualTo(proto.Graph.SparseInitializer));
    }

    [TestCase(1, 4)]
    [TestCase(6, 5)]
    [TestCase(10, 5)]
    [TestCase(11, 10)]
    [TestCase(13, 11)]
    public void Contents_in_typed_fields_become_little_endian_bytes(int type, int field)
    {
        var tensor = new TensorProto
        {
            Name = "w2",
            DataType = type,
            Dims = { 2 },
        };
        switch (field)
        {
            case 4:
                tensor.FloatData.AddRange([1, 2]);
                break;
            case 5:
                tensor.Int32Data.AddRange([1, 2]);
                break;
            case 10:
                tensor.DoubleData.AddRange([1, 2]);
                break;
            default:
                tensor.Uint64Data.AddRange([1, 2]);
                break;
        }

        var proto = Proto(SampleModels.Simple(8, 17));
        proto.Graph.Initializer.Add(tensor);

        var data = ModelReader.Read(new MemoryStream(proto.ToByteArray()), null).Graph.Initializers[1].Initializer!;

        Assert.That((int)data.ElementType, Is.EqualTo(type));
        Assert.That(data.ReadBytes().Length, Is.EqualTo(2 * ((ElementType)type).BitWidth() / 8));
        Assert.That(data.ReadBytes().ToArray(), Has.Some.Not.Zero);
    }

    private static ModelProto Proto(Model model) => new ModelWriter(new TensorWriter(_ => null)).Write(model);

    private static ModelProto RoundTrip(ModelProto proto) =>
        Proto(ModelReader.Read(new MemoryStream(proto.ToByteArray()), null));

    private static int Occurrences(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> part)
    {
        var count = 0;
        for (var at = bytes.IndexOf(part); at >= 0; at = bytes.IndexOf(part))
        {
            count++;
            bytes = bytes[(at + part.Length)..];
        }

        return count;
    }

    private static List<float[]> Run(string path)
    {
        using var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            IntraOpNumThreads = 1,
        };
        using var session = new InferenceSession(path, options);
        using var input = OrtValue.CreateTensorValueFromMemory(s_input, s_shape);
        using var runOptions = new RunOptions();
        using var results = session.Run(runOptions, ["x"], [input], session.OutputNames);
        return [.. results.Select(result => result.GetTensorDataAsSpan<float>().ToArray())];
    }
}
