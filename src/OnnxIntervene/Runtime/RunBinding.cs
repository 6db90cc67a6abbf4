using Microsoft.ML.OnnxRuntime;

namespace OnnxIntervene.Runtime;

/// <summary>
/// What one run is fed and which outputs are wanted, by name. Values that other runs use too (parameters, constants, a
/// source's results) are only referred to; those made for this run are disposed with it.
/// </summary>
internal sealed class RunBinding(IReadOnlyList<string> outputs) : IDisposable
{
    private readonly Dictionary<string, OrtValue> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtValue> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtMemoryInfo> _devices = new(StringComparer.Ordinal);
    private readonly List<OrtValue> _own = [];

    /// <summary>The outputs that are wanted, in the order in which they come out.</summary>
    public IReadOnlyList<string> Outputs => outputs;

    /// <summary>Whether ONNX Runtime gives back, after the run, what it would keep for the next one.</summary>
    public bool GivesBack { get; set; }

    /// <summary>What is fed, by name.</summary>
    public IReadOnlyDictionary<string, OrtValue> Values => _inputs;

    /// <summary>The names that are fed.</summary>
    public IEnumerable<string> Names => _inputs.Keys;

    /// <summary>What is fed under a name; null where nothing is.</summary>
    public OrtValue? Find(string name) => _inputs.GetValueOrDefault(name);

    /// <summary>Feeds a value that its owner keeps until the run is over.</summary>
    public void Refer(string name, OrtValue value) => _inputs[name] = value;

    /// <summary>Puts an output into memory that its owner keeps until the run is over.</summary>
    public void Place(string output, OrtValue memory) => _places[output] = memory;

    /// <summary>Leaves an output in a device's memory, which this process cannot read.</summary>
    public void Leave(string output, OrtMemoryInfo device) => _devices[output] = device;

    /// <summary>Whether an output stays in a device's memory.</summary>
    public bool IsOnDevice(string output) => _devices.ContainsKey(output);

    /// <summary>Feeds a value that was made for this run.</summary>
    public void Own(string name, OrtValue value)
    {
        _inputs[name] = value;
        _own.Add(value);
    }

    /// <summary>
    /// The binding in ONNX Runtime's terms, for the inputs that the session has. The caller disposes it.
    /// </summary>
    /// <param name="session">The session that runs.</param>
    /// <param name="results">Where outputs are put that nothing was said of.</param>
    public OrtIoBinding Bind(InferenceSession session, OrtMemoryInfo results)
    {
        var binding = session.CreateIoBinding();
        foreach (var (name, value) in _inputs)
            binding.BindInput(name, value);
        foreach (var name in outputs)
        {
            if (_places.TryGetValue(name, out var memory))
                binding.BindOutput(name, memory);
            else
                binding.BindOutputToDevice(name, _devices.GetValueOrDefault(name, results));
        }

        return binding;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _own)
            value.Dispose();
    }
}
