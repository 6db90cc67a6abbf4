using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// Writes an adapter: a flatbuffer (onnxruntime/lora/adapter_format/adapter_schema.fbs).
/// </summary>
internal static class OnnxAdapterWriter
{
    private const int FormatVersion = 1;
    private const string Identifier = "TORT";
    private static readonly FlatTensors s_parameters = new(4, Sizes: 1, Type: 2, Contents: 3, Alignment: 8);

    /// <exception cref="InterventionException">The tensors take more than 2 GiB together.</exception>
    public static void Write(Stream stream, OnnxAdapter adapter)
    {
        var builder = FlatTensors.BuilderFor(
            [.. adapter.Parameters.Values],
            bytes =>
                $"The adapter would have {bytes} bytes; its format has room for 2 GiB. Bake with constants instead."
        );
        var parameters = s_parameters.Add(builder, adapter.Parameters.Select(entry => (entry.Key, entry.Value)));
        builder.StartTable(4);
        builder.AddInt(0, FormatVersion, 0);
        builder.AddInt(1, adapter.AdapterVersion, 0);
        builder.AddInt(2, adapter.ModelVersion, 0);
        builder.AddOffset(3, parameters, 0);
        builder.Finish(builder.EndTable(), Identifier);
        FlatTensors.Write(builder, stream);
    }
}
