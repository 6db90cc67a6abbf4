using System.Runtime.InteropServices;
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
    // Linux maps the 64 KiB around a page that is read: small weights that every run reads would keep their neighbours
    // in memory, which are packed and read no more. Copies of them take less.
    private const long LargestCopy = 128 << 10;

    // A weight that is packed at the speed of a memory takes a few pages of this length.
    private static readonly TimeSpan s_releaseInterval = TimeSpan.FromMilliseconds(10);

    private readonly Dictionary<string, MappedFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<(FileSpan Span, ElementType Type, string Shape), OrtValue> _values = [];
    private readonly List<nint> _copies = [];
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
                settings.AddInitializer(value.Name, Of(value));
        }
    }

    /// <summary>
    /// Opens a session, and gives back the memory that the files take in this process meanwhile and afterwards: ONNX
    /// Runtime packs most weights and does not read them again. Sessions may run; what they read comes back from the
    /// file.
    /// </summary>
    public T ReleaseDuring<T>(Func<T> open)
    {
        using var isOpen = new ManualResetEventSlim();
        var release = Task.Run(() =>
        {
            while (!isOpen.Wait(s_releaseInterval))
                Release();
        });
        try
        {
            return open();
        }
        finally
        {
            isOpen.Set();
            release.Wait();
            Release();
        }
    }

    private void Release()
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
        foreach (var block in _copies)
            Marshal.FreeHGlobal(block);
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private OrtValue Of(Value weight)
    {
        // Weights of other shapes may be the same bytes.
        var data = weight.Initializer!;
        var key = (data.Span!, data.ElementType, string.Join(',', data.Dimensions));
        if (!_values.TryGetValue(key, out var value))
        {
            value = Mapped(data);
            if (data.Span!.Length <= LargestCopy && !weight.Uses.Any(IsPacked))
                value = Copy(value, data);
            _values.Add(key, value);
        }

        return value;
    }

    private OrtValue Mapped(TensorData data) => Over(FileOf(data.Span!).AddressOf(data.Span!), data);

    private OrtValue Copy(OrtValue mapped, TensorData data)
    {
        using var source = mapped;
        var block = Marshal.AllocHGlobal((nint)data.Span!.Length);
        _copies.Add(block);
        var copy = Over(block, data);
        source.GetTensorMutableRawData().CopyTo(copy.GetTensorMutableRawData());
        return copy;
    }

    private static OrtValue Over(nint address, TensorData data) =>
        OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance,
            (TensorElementType)data.ElementType,
            [.. data.Dimensions],
            address,
            data.Span!.Length
        );

    // The matrices of products, as a rule; where one is not, it is read from the file.
    private static bool IsPacked(Use use) =>
        use.InputIndex == 1
        && (
            use.Node.Operator.Name.Contains("MatMul", StringComparison.Ordinal)
            || use.Node.Operator.Name.Contains("Gemm", StringComparison.Ordinal)
        );

    private MappedFile FileOf(FileSpan span)
    {
        if (!_files.TryGetValue(span.Path, out var file))
            _files.Add(span.Path, file = new MappedFile(span.Path));
        return file;
    }
}
