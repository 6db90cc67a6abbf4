using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Which outputs a session computes in a device's memory, as ONNX Runtime has planned them, and tensors in that memory.
/// </summary>
internal sealed class OutputPlaces : IDisposable
{
    private readonly InferenceSession _session;
    private readonly bool _asksAll;
    private readonly Lazy<IDisposableReadOnlyCollection<OrtMemoryInfo>> _planned;

    /// <param name="session">The session, which must stay open.</param>
    /// <param name="options">How it was opened.</param>
    public OutputPlaces(InferenceSession session, ExecutionOptions options)
    {
        _session = session;
        HasDevice = options.HasDevice;
        _asksAll = options.TakesMemoryForDevice;
        _planned = new(session.GetMemoryInfosForOutputs);
    }

    /// <summary>Whether anything may be in memory that this process cannot read.</summary>
    public bool HasDevice { get; }

    /// <summary>
    /// Where an output is computed and can stay; null where that is memory which this process can read. An output
    /// whose operator the provider lacks is computed on the CPU, whichever the provider is.
    /// </summary>
    public OrtMemoryInfo? DeviceOf(string output)
    {
        if (!HasDevice)
            return null;
        var place = _planned.Value.ElementAt(IndexOf(output));
        return _asksAll || place.GetDeviceType() != OrtMemoryInfoDeviceType.CPU ? place : null;
    }

    /// <summary>An allocator of a device's memory. The caller disposes it after all that it has given.</summary>
    public OrtAllocator AllocatorOf(OrtMemoryInfo device) => new(_session, device);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_planned.IsValueCreated)
            _planned.Value.Dispose();
    }

    private int IndexOf(string output)
    {
        var names = _session.OutputNames;
        for (var index = 0; index < names.Count; index++)
        {
            if (names[index] == output)
                return index;
        }

        throw new ArgumentOutOfRangeException(nameof(output), output, "The session has no such output.");
    }
}
