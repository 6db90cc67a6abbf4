using Google.FlatBuffers;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// Writes a checkpoint of ONNX Runtime Training: a flatbuffer with the parameters' names, shapes and contents
/// (onnxruntime/core/flatbuffers/schema/ort_training_checkpoint.fbs and ort.fbs, version 1.19.2).
/// </summary>
internal static class OrtCheckpoint
{
    private const string Identifier = "ODTC";
    private const int Version = 2;
    private const int Slack = 4096;

    // What a flatbuffer can address, less room for names and shapes.
    private const long LargestContents = int.MaxValue - (64L << 20);

    /// <summary>Writes the checkpoint of a training that has not begun.</summary>
    /// <param name="stream">Where it is written.</param>
    /// <param name="trained">Parameters that are trained.</param>
    /// <param name="frozen">Parameters that stay.</param>
    /// <exception cref="InterventionException">The parameters take more than 2 GiB.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyList<(string Name, TensorData Data)> trained,
        IReadOnlyList<(string Name, TensorData Data)> frozen
    )
    {
        var contents = trained.Concat(frozen).Sum(parameter => parameter.Data.ByteLength);
        if (contents > LargestContents)
            throw new InterventionException(
                $"The parameters take {contents / (double)(1L << 30):f1} GiB, and a checkpoint of ONNX Runtime "
                    + "Training holds 2. Take a model with quantised weights, which stay in the model files."
            );
        var size = (int)Math.Min(LargestContents, contents + Slack + (Slack * (long)(trained.Count + frozen.Count)));
        var builder = new FlatBufferBuilder(size);
        // A flatbuffer is written from its end.
        var frozenTensors = Tensors(builder, frozen);
        var trainedTensors = Tensors(builder, trained);
        var module = Table(builder, (0, trainedTensors), (1, frozenTensors));
        builder.StartTable(2);
        builder.AddInt(0, Version, 0);
        builder.AddOffset(1, module, 0);
        builder.Finish(builder.EndTable(), Identifier);
        stream.Write(builder.DataBuffer.ToArraySegment(builder.DataBuffer.Position, builder.Offset));
    }

    private static int Tensors(FlatBufferBuilder builder, IReadOnlyList<(string Name, TensorData Data)> parameters)
    {
        var tensors = parameters.Select(parameter => Tensor(builder, parameter.Name, parameter.Data)).ToList();
        builder.StartVector(sizeof(int), tensors.Count, sizeof(int));
        foreach (var tensor in Enumerable.Reverse(tensors))
            builder.AddOffset(tensor);
        return builder.EndVector().Value;
    }

    private static int Tensor(FlatBufferBuilder builder, string name, TensorData data)
    {
        var text = builder.CreateString(name).Value;
        builder.StartVector(sizeof(long), data.Dimensions.Length, sizeof(long));
        foreach (var size in data.Dimensions.Reverse())
            builder.AddLong(size);
        var dimensions = builder.EndVector().Value;
        var bytes = data.ReadBytes().ToArray();
        builder.StartVector(sizeof(byte), bytes.Length, sizeof(float));
        builder.Put(bytes);
        var raw = builder.EndVector().Value;
        builder.StartTable(5);
        builder.AddOffset(0, text, 0);
        builder.AddOffset(2, dimensions, 0);
        // The numbers of the element types are those of ONNX.
        builder.AddInt(3, (int)data.ElementType, 0);
        builder.AddOffset(4, raw, 0);
        return builder.EndTable();
    }

    private static int Table(FlatBufferBuilder builder, params ReadOnlySpan<(int Slot, int Offset)> fields)
    {
        builder.StartTable(4);
        foreach (var (slot, offset) in fields)
            builder.AddOffset(slot, offset, 0);
        return builder.EndTable();
    }
}
