using Microsoft.ML.OnnxRuntime;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Owns one session of ONNX Runtime. Values go in and come out as ONNX Runtime holds them; nothing is copied. Safe for
/// concurrent runs; must not be disposed during one.
/// </summary>
internal sealed class OrtSession : IDisposable
{
    private const string GiveBackKey = "memory.enable_memory_arena_shrinkage";
    private const string ProcessMemory = "cpu:0";
    private readonly InferenceSession _session;
    private readonly OrtMemoryInfo _results;
    private readonly string _provider;
    private readonly OutputPlaces _places;
    private readonly IDisposable _log;

    /// <param name="session">The session, which this one owns from now on.</param>
    /// <param name="results">Where outputs are put, those apart that stay where they are computed.</param>
    /// <param name="options">What the session was opened with.</param>
    /// <param name="log">Where the session's log goes; ended with the session.</param>
    public OrtSession(InferenceSession session, OrtMemoryInfo results, ExecutionOptions options, IDisposable log)
    {
        _log = log;
        _provider = options.Provider;
        _places = new OutputPlaces(session, options);
        _session = session;
        _results = results;
        Inputs = session.InputMetadata;
        Overridable = session.OverridableInitializerMetadata;
        NumericOutputs =
        [
            .. session.OutputMetadata.Where(output => IsNumeric(output.Value)).Select(output => output.Key),
        ];
        OtherOutputs =
        [
            .. session
                .OutputMetadata.Where(output => !IsNumeric(output.Value))
                .Select(output => new OtherOutput(output.Key, Described(output.Value))),
        ];
    }

    /// <summary>The inputs that must be fed.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Inputs { get; }

    /// <summary>The inputs that may be fed: the file has a default for each.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Overridable { get; }

    /// <summary>The outputs that are tensors of numbers or booleans, in the model's order.</summary>
    public IReadOnlyList<string> NumericOutputs { get; }

    /// <summary>The outputs that are anything else.</summary>
    public IReadOnlyList<OtherOutput> OtherOutputs { get; }

    /// <summary>Which outputs are computed on a device, and its memory.</summary>
    public OutputPlaces Places => _places;

    /// <summary>Runs the model. The caller disposes what comes out.</summary>
    /// <param name="binding">What is fed, and which outputs are wanted.</param>
    /// <param name="cancellation">Stops a run in flight.</param>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public IReadOnlyList<TensorValue> Run(RunBinding binding, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var options = new RunOptions();
        if (binding.GivesBack)
            options.AddRunConfigEntry(GiveBackKey, ProcessMemory);
        using var registration = cancellation.Register(() => options.Terminate = true);
        using var bound = binding.Bind(_session, _results);
        try
        {
            var results = _session.RunWithBoundResults(options, bound);
            return [.. results.Select((result, index) => Owned(binding, binding.Outputs[index], result))];
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new ExecutionException($"ONNX Runtime stopped the run: {fault.Message}", fault, _provider);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _places.Dispose();
        _session.Dispose();
        _log.Dispose();
    }

    private static bool IsNumeric(NodeMetadata output) =>
        output is { OnnxValueType: OnnxValueType.ONNX_TYPE_TENSOR, IsTensor: true }
        && OrtArrays.CanCopy(output.ElementDataType);

    private static string Described(NodeMetadata output) =>
        output.OnnxValueType switch
        {
            OnnxValueType.ONNX_TYPE_TENSOR => output.IsString
                ? "a tensor of strings"
                : $"a tensor of {output.ElementDataType}",
            OnnxValueType.ONNX_TYPE_SEQUENCE => output.AsSequenceMetadata().ElementMeta.OnnxValueType switch
            {
                OnnxValueType.ONNX_TYPE_MAP => "a sequence of maps",
                OnnxValueType.ONNX_TYPE_TENSOR => "a sequence of tensors",
                _ => "a sequence",
            },
            OnnxValueType.ONNX_TYPE_MAP => "a map",
            OnnxValueType.ONNX_TYPE_SPARSETENSOR => "a sparse tensor",
            OnnxValueType.ONNX_TYPE_OPTIONAL => "an optional value",
            _ => "not a tensor",
        };

    // An output that is an input is in the caller's memory, which is pinned for the run only: take its numbers now.
    private static TensorValue Owned(RunBinding binding, string name, OrtValue result)
    {
        var value = new TensorValue(name, result, binding.IsOnDevice(name));
        if (binding.Find(name) is not null)
            _ = value.Array;
        return value;
    }
}
