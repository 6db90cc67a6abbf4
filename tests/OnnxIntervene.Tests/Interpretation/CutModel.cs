using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// A model that is run in pieces: every component's tensor can be seen, and a tensor whose content is given is cut out
/// of the graph and
/// fed in its place. Nothing of the splicer is used.
/// </summary>
internal sealed class CutModel : IDisposable
{
    private const string CutPrefix = "cut:";
    private readonly Model _model;
    private readonly Dictionary<string, Value> _tensors;
    private readonly Dictionary<string, int> _places;
    private readonly Dictionary<string, InferenceSession> _sessions = [];

    public CutModel(string path)
    {
        Path = path;
        _model = OnnxFile.Load(path);
        Components = ComponentMap.Find(_model);
        _tensors = Components.Components.Where(IsTensor).Select(TensorOf).Distinct().ToDictionary(value => value.Name);
        _places = _model
            .Graph.Nodes.SelectMany(node => node.Outputs.OfType<Value>())
            .Select((value, place) => (value.Name, place))
            .Where(entry => _tensors.ContainsKey(entry.Name))
            .ToDictionary(entry => entry.Name, entry => entry.place);
    }

    public string Path { get; }

    public ComponentMap Components { get; }

    /// <summary>Whether the component is a whole tensor of the file.</summary>
    public static bool IsTensor(Component component) => component.Source is TensorSource;

    public static Value TensorOf(Component component) => ((TensorSource)component.Source).Value;

    /// <summary>Where in the file's order of nodes a tensor is made.</summary>
    public int PlaceOf(string tensor) => _places[tensor];

    /// <summary>
    /// Every component's tensor as the graph computes it when some tensors have the given contents, and the first
    /// output under the empty name.
    /// </summary>
    public Dictionary<string, NumericArray> Run(ModelInputs inputs, IReadOnlyDictionary<string, NumericArray> cuts)
    {
        var key = string.Join('|', cuts.Keys.Order(StringComparer.Ordinal));
        if (!_sessions.TryGetValue(key, out var session))
            _sessions.Add(key, session = Open(cuts.Keys));
        var feeds = session.InputNames.ToDictionary(
            name => name,
            name =>
                name.StartsWith(CutPrefix, StringComparison.Ordinal)
                    ? Floats(cuts[name[CutPrefix.Length..]])
                    : Input(name, inputs)
        );
        using var options = new RunOptions();
        using var results = session.Run(options, feeds.Keys, feeds.Values, session.OutputNames);
        var seen = session.OutputNames.Zip(results).ToDictionary(entry => entry.First, entry => Copy(entry.Second));
        seen[""] = seen[session.OutputNames[0]];
        foreach (var feed in feeds.Values)
            feed.Dispose();
        return seen;
    }

    /// <summary>Closes the sessions of graphs with cuts, few of which are needed twice.</summary>
    public void Forget()
    {
        foreach (var key in _sessions.Keys.Where(key => key.Length > 0).ToList())
        {
            _sessions[key].Dispose();
            _sessions.Remove(key);
        }
    }

    public void Dispose()
    {
        Forget();
        foreach (var session in _sessions.Values)
            session.Dispose();
    }

    // What the graph itself computes at a cut is still seen, but not read.
    private InferenceSession Open(IEnumerable<string> cuts)
    {
        var model = _model.Copy(out var copies);
        foreach (var name in cuts)
        {
            var old = copies[_tensors[name]];
            var rank = old.Type?.Shape?.Rank ?? 3;
            var type = new TensorType(ElementType.Float32, new Shape([.. Enumerable.Repeat(Dimension.Unknown, rank)]));
            old.ReplaceUses(model.Graph.AddInput(CutPrefix + name, type));
        }

        foreach (var name in _tensors.Keys)
            model.Graph.AddOutput(copies[_tensors[name]]);
        var file = OnnxFile.Reference(model);
        using var settings = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
        };
        if (file.WeightsFolder is { } folder)
            settings.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        return new InferenceSession(file.Bytes.ToArray(), settings);
    }

    private static OrtValue Input(string name, ModelInputs inputs)
    {
        var tokens = inputs.Arrays["input_ids"];
        var array = inputs.Arrays.TryGetValue(name, out var given)
            ? given
            : NumericArray.Of(
                Enumerable
                    .Range(0, tokens.Length)
                    .Select(index => name == "position_ids" ? Position(inputs, index, tokens.Shape[1]) : 1L)
                    .ToArray(),
                [.. tokens.Shape]
            );
        return OrtValue.CreateTensorValueFromMemory(
            array.Integers.ToArray(),
            [.. array.Shape.Select(size => (long)size)]
        );
    }

    // How many tokens of the row the mask keeps before this one.
    private static long Position(ModelInputs inputs, int index, int length) =>
        inputs.Arrays.TryGetValue("attention_mask", out var mask)
            ? mask.Integers[index] == 0
                ? 0
                : mask.Integers[(index - (index % length))..index].ToArray().Sum()
            : index % length;

    private static OrtValue Floats(NumericArray array) =>
        OrtValue.CreateTensorValueFromMemory(array.Floats.ToArray(), [.. array.Shape.Select(size => (long)size)]);

    private static NumericArray Copy(OrtValue value) =>
        NumericArray.Of(
            value.GetTensorDataAsSpan<float>().ToArray(),
            [.. value.GetTensorTypeAndShape().Shape.Select(size => (int)size)]
        );
}
