using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// The weights of one model, mapped into memory once for all of its sessions, and what ONNX Runtime packs from them for
/// its matrix products. Must outlive the sessions. Safe for concurrent use.
/// </summary>
internal sealed class SharedWeights : IDisposable
{
    private readonly Dictionary<string, MappedFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<(FileSpan Span, ElementType Type, string Shape), OrtValue> _values = [];
    private readonly Lock _lock = new();

    /// <summary>
    /// What ONNX Runtime has packed: a session reuses what an earlier one packed from the same weight.
    /// </summary>
    public PrePackedWeightsContainer Packed { get; } = new();

    /// <summary>How many bytes of weights are shared.</summary>
    public long ByteCount
    {
        get
        {
            lock (_lock)
                return _values.Keys.Select(key => key.Span).Distinct().Sum(span => span.Length);
        }
    }

    /// <summary>Whether a weight of this type can be handed to a session.</summary>
    /// <remarks>ONNX Runtime's C# tensors have no elements smaller than a byte.</remarks>
    public static bool CanShare(ElementType type) =>
        type
            is ElementType.Float32
                or ElementType.Float16
                or ElementType.BFloat16
                or ElementType.Float64
                or ElementType.UInt8
                or ElementType.Int8;

    /// <summary>Hands the weights to a session that is about to be opened.</summary>
    public void AddTo(SessionOptions settings, IEnumerable<Value> referenced)
    {
        lock (_lock)
        {
            foreach (var value in referenced.Where(value => CanShare(value.Initializer!.ElementType)))
                settings.AddInitializer(value.Name, Of(value.Initializer!));
        }
    }

    /// <summary>
    /// Gives back the memory that the files take in this process, once a session is open: ONNX Runtime has packed most
    /// weights and does not read them again. Sessions may run meanwhile; what they read comes back from the file.
    /// </summary>
    public void Release()
    {
        lock (_lock)
        {
            foreach (var file in _files.Values)
                file.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _values.Values)
            value.Dispose();
        Packed.Dispose();
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private OrtValue Of(TensorData data)
    {
        // Weights of other shapes may be the same bytes.
        var key = (data.Span!, data.ElementType, string.Join(',', data.Dimensions));
        if (!_values.TryGetValue(key, out var value))
        {
            value = OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance,
                (TensorElementType)data.ElementType,
                [.. data.Dimensions],
                FileOf(data.Span!).AddressOf(data.Span!),
                data.Span!.Length
            );
            _values.Add(key, value);
        }

        return value;
    }

    private MappedFile FileOf(FileSpan span)
    {
        if (!_files.TryGetValue(span.Path, out var file))
            _files.Add(span.Path, file = new MappedFile(span.Path));
        return file;
    }
}
