using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Laws;

/// <summary>Runs parts of one model one after the other; what one gives, the next may take by name.</summary>
internal sealed class PartialRuns : IDisposable
{
    private readonly Dictionary<string, OrtValue> _values;
    private readonly List<IDisposable> _owned = [];
    private readonly InferenceSession _whole;

    public PartialRuns(SampleRun sample)
        : this(OnnxFile.Load(sample.Path), sample.Inputs) { }

    public PartialRuns(Model model, ModelInputs inputs)
    {
        Model = model;
        Components = ComponentMap.Find(Model);
        _whole = Open(Model);
        var binding = new RunBinding([]);
        new InputFiller(_whole.InputMetadata, Components).Fill(binding, inputs);
        _values = new(binding.Values, StringComparer.Ordinal);
        _owned.Add(binding);
    }

    public Model Model { get; }

    public ComponentMap Components { get; }

    /// <summary>Makes a value one that parts may take.</summary>
    public void Give(string name, NumericArray integers)
    {
        _values[name] = OrtArrays.Create(integers, TensorElementType.Int64, name);
        _owned.Add(_values[name]);
    }

    /// <summary>Runs a part and keeps what it gives for the next.</summary>
    public void Advance(Model part)
    {
        foreach (var (name, value) in Results(part))
            _values[name] = value;
    }

    /// <summary>What a part gives, by name.</summary>
    public Dictionary<string, NumericArray> Run(Model part) =>
        Results(part).ToDictionary(entry => entry.Key, entry => OrtArrays.Copy(entry.Value, entry.Key));

    /// <summary>The type of a value that an earlier part gave: what it is, and how many axes it has.</summary>
    public TensorType? TypeOf(Value value)
    {
        if (!_values.TryGetValue(value.Name, out var given))
            return null;
        var info = given.GetTensorTypeAndShape();
        var shape = new Shape([.. info.Shape.Select(_ => Dimension.Unknown)]);
        return new TensorType((ElementType)(int)info.ElementDataType, shape);
    }

    public void Dispose()
    {
        foreach (var value in _owned)
            value.Dispose();
        _whole.Dispose();
    }

    private Dictionary<string, OrtValue> Results(Model part)
    {
        if (part == Model)
            return Results(_whole);
        using var session = Open(part);
        return Results(session);
    }

    private Dictionary<string, OrtValue> Results(InferenceSession session)
    {
        using var options = new RunOptions();
        var feeds = session.InputNames.ToDictionary(name => name, name => _values[name]);
        var results = session.Run(options, feeds, session.OutputNames);
        _owned.Add(results);
        return session.OutputNames.Zip(results).ToDictionary(entry => entry.First, entry => entry.Second);
    }

    private static InferenceSession Open(Model model) =>
        SessionFactory.Open(model, new ExecutionOptions { Threads = 1 });
}
