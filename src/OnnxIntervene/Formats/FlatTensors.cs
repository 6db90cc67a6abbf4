using Google.FlatBuffers;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// Tensors as ONNX Runtime's FlatBuffers have them: tables of a name, sizes, an element type and contents, in whichever
/// fields the schema has these.
/// </summary>
/// <param name="Fields">How many fields the table has.</param>
/// <param name="Sizes">The number of the field of the sizes; the name's is 0.</param>
/// <param name="Type">The number of the field of the element type.</param>
/// <param name="Contents">The number of the field of the contents.</param>
/// <param name="Alignment">On how many bytes the contents begin.</param>
internal sealed record FlatTensors(int Fields, int Sizes, int Type, int Contents, int Alignment)
{
    private const int Slack = 4096;

    // What a flatbuffer can address, less room for names and sizes.
    private const long LargestContents = int.MaxValue - (64L << 20);

    /// <summary>A builder with room for tensors.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="refusal">What is said of more bytes than a flatbuffer has room for.</param>
    /// <exception cref="InterventionException">The tensors take more than 2 GiB together.</exception>
    public static FlatBufferBuilder BuilderFor(IReadOnlyCollection<TensorData> tensors, Func<long, string> refusal)
    {
        var contents = tensors.Sum(data => data.ByteLength);
        if (contents > LargestContents)
            throw new InterventionException(refusal(contents));
        return new FlatBufferBuilder((int)Math.Min(LargestContents, contents + Slack + (Slack * (long)tensors.Count)));
    }

    /// <summary>Writes a finished flatbuffer.</summary>
    public static void Write(FlatBufferBuilder builder, Stream stream) =>
        stream.Write(builder.DataBuffer.ToArraySegment(builder.DataBuffer.Position, builder.Offset));

    /// <summary>Adds a vector of tables, one a tensor, and returns where it is.</summary>
    public int Add(FlatBufferBuilder builder, IEnumerable<(string Name, TensorData Data)> tensors)
    {
        var tables = tensors.Select(tensor => Table(builder, tensor.Name, tensor.Data)).ToList();
        builder.StartVector(sizeof(int), tables.Count, sizeof(int));
        // A flatbuffer is written from its end.
        foreach (var table in Enumerable.Reverse(tables))
            builder.AddOffset(table);
        return builder.EndVector().Value;
    }

    private int Table(FlatBufferBuilder builder, string name, TensorData data)
    {
        var text = builder.CreateString(name).Value;
        builder.StartVector(sizeof(long), data.Dimensions.Length, sizeof(long));
        foreach (var size in data.Dimensions.Reverse())
            builder.AddLong(size);
        var dimensions = builder.EndVector().Value;
        var bytes = data.ReadBytes().ToArray();
        builder.StartVector(sizeof(byte), bytes.Length, Alignment);
        // The library takes no empty arrays.
        if (bytes.Length > 0)
            builder.Put(bytes);
        var raw = builder.EndVector().Value;
        builder.StartTable(Fields);
        builder.AddOffset(0, text, 0);
        builder.AddOffset(Sizes, dimensions, 0);
        // The numbers of the element types are those of ONNX.
        builder.AddInt(Type, (int)data.ElementType, 0);
        builder.AddOffset(Contents, raw, 0);
        return builder.EndTable();
    }
}
