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
    private static readonly FlatTensors s_tensors = new(5, Sizes: 2, Type: 3, Contents: 4, Alignment: sizeof(float));

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
        var builder = FlatTensors.BuilderFor(
            [.. trained.Concat(frozen).Select(parameter => parameter.Data)],
            bytes =>
                $"The parameters take {bytes / (double)(1L << 30):f1} GiB, and a checkpoint of ONNX Runtime "
                + "Training holds 2. Take a model with quantised weights, which stay in the model files."
        );
        var frozenTensors = s_tensors.Add(builder, frozen);
        var trainedTensors = s_tensors.Add(builder, trained);
        var module = Table(builder, (0, trainedTensors), (1, frozenTensors));
        builder.StartTable(2);
        builder.AddInt(0, Version, 0);
        builder.AddOffset(1, module, 0);
        builder.Finish(builder.EndTable(), Identifier);
        FlatTensors.Write(builder, stream);
    }

    private static int Table(FlatBufferBuilder builder, params ReadOnlySpan<(int Slot, int Offset)> fields)
    {
        builder.StartTable(4);
        foreach (var (slot, offset) in fields)
            builder.AddOffset(slot, offset, 0);
        return builder.EndTable();
    }
}
