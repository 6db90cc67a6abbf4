using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Which outputs a session computes in a device's memory, as ONNX Runtime has planned them, and tensors in that memory.
/// </summary>
internal sealed class OutputPlaces : IDisposable
{
    private readonly InferenceSession _session;
    private readonly ExecutionOptions _options;
    private readonly Lazy<IDisposableReadOnlyCollection<OrtMemoryInfo>?> _planned;

    /// <param name="session">The session, which must stay open.</param>
    /// <param name="options">How it was opened.</param>
    public OutputPlaces(InferenceSession session, ExecutionOptions options)
    {
        _session = session;
        _options = options;
        _planned = new(Planned);
    }

    /// <summary>Whether results may be in memory that this process cannot read.</summary>
    public bool HasDevice => _options.HasDevice;

    /// <summary>
    /// Where an output is computed and can stay; null where that is memory which this process can read. An output
    /// whose operator the provider lacks is computed on the CPU, whichever the provider is.
    /// </summary>
    public OrtMemoryInfo? DeviceOf(string output)
    {
        if (!HasDevice || _planned.Value is not { } planned)
            return null;
        var place = planned.ElementAt(IndexOf(output));
        return _options.TakesMemoryForDevice || place.GetDeviceType() != OrtMemoryInfoDeviceType.CPU ? place : null;
    }

    /// <summary>An allocator of a device's memory. The caller disposes it after all that it has given.</summary>
    public OrtAllocator AllocatorOf(OrtMemoryInfo device) => new(_session, device);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_planned.IsValueCreated)
            _planned.Value?.Dispose();
    }

    // A provider that does not tell still computes; results are copied then.
    private IDisposableReadOnlyCollection<OrtMemoryInfo>? Planned()
    {
        try
        {
            return _session.GetMemoryInfosForOutputs();
        }
        catch (OnnxRuntimeException fault)
        {
            _options.Logger.LogWarning(
                fault,
                "The execution provider '{Provider}' does not say where results are: "
                    + "the cache is copied at each token.",
                _options.Provider
            );
            return null;
        }
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
