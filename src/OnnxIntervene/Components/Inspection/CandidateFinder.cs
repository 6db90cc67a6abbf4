using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Inspection;

/// <summary>
/// Finds the tensors that may be a component: of the kind that its name implies, as wide as in other layers, and where
/// the layer is.
/// </summary>
internal sealed class CandidateFinder
{
    private const int Most = 5;
    private const int MostLandmarks = 500;

    // Of each kind so many are compared: a component lies near the end of its layer's part of the graph that its name
    // tells, and layers' parts may overlap.
    private const int MostCompared = 200;

    private readonly Dictionary<Value, int> _order = [];
    private readonly ImmutableArray<Landmark> _landmarks;
    private readonly Dictionary<LandmarkKind, List<Landmark>> _byKind;
    private readonly Dictionary<(string? Stack, int Layer), (int First, int Last)> _layers = [];
    private readonly Dictionary<(string? Stack, string Name), Component> _firstOfName = [];
    private readonly ComponentMap _map;
    private readonly Repetition? _pattern;
    private readonly TypeInference _types = new();
    private readonly int _nodeCount;

    public CandidateFinder(Graph graph, ComponentMap map, Repetition? pattern)
    {
        _map = map;
        _pattern = pattern;
        _landmarks = [.. Landmark.All(graph)];
        _byKind = _landmarks.GroupBy(landmark => landmark.Kind).ToDictionary(kind => kind.Key, kind => kind.ToList());
        _nodeCount = graph.NodeCount;
        foreach (var (node, order) in graph.Nodes.Select((node, order) => (node, order)))
        {
            foreach (var output in node.Outputs.OfType<Value>())
                _order[output] = order;
        }

        foreach (var component in map.Components)
        {
            _firstOfName.TryAdd((component.Address.Stack, component.Address.Name), component);
            foreach (var value in PlacesOf(component.Source).Where(_order.ContainsKey))
                Widen((component.Address.Stack, component.Address.Layer), _order[value]);
        }
    }

    /// <summary>Whether anything in the graph may be attention.</summary>
    public bool HasAttention =>
        _landmarks.Any(landmark => landmark.Kind is LandmarkKind.Softmax or LandmarkKind.Attention);

    /// <summary>The most likely tensors of the whole graph.</summary>
    public ImmutableArray<ComponentCandidate> Landmarks() =>
        [
            .. _landmarks
                .Where(landmark => landmark.Kind != LandmarkKind.LinearInput)
                .DistinctBy(landmark => landmark.Value)
                .Take(MostLandmarks)
                .Select(Describe),
        ];

    /// <summary>The nearest tensors to a component that was not found.</summary>
    public ImmutableArray<ComponentCandidate> Near(ComponentAddress address)
    {
        var kinds = KindsOf(address.Name);
        var width = ExpectedWidth(address.Stack, address.Name);
        var (first, last) = Range(address);
        return
        [
            .. StartOfRepetition(address),
            .. kinds
                .SelectMany(kind => Between(kind, first, last, address.Name == ComponentNames.BlockOutput))
                .Where(landmark =>
                    width == 0
                    || _types.WidthOf(landmark.Value) is var own
                        && (own == 0 || own == width || (own > width && kinds.Contains(LandmarkKind.Part)))
                )
                .OrderByDescending(landmark => width > 0 && _types.WidthOf(landmark.Value) == width)
                .ThenBy(landmark => Array.IndexOf(kinds, landmark.Kind))
                .ThenBy(landmark => address.Name == ComponentNames.BlockOutput ? -landmark.Order : landmark.Order)
                .DistinctBy(landmark => landmark.Value)
                .Take(Most)
                .Select(Describe),
        ];
    }

    // In a graph where nothing is recognised, the start of a repetition is the most likely input of a layer.
    private IEnumerable<ComponentCandidate> StartOfRepetition(ComponentAddress address)
    {
        if (
            address.Name != ComponentNames.BlockInput
            || _map.Stacks.Length > 0
            || _pattern is null
            || address.Layer >= _pattern.Count
        )
            yield break;
        var first = _pattern.Nodes[address.Layer * _pattern.Length];
        if (Dataflow.DataInputs(first).FirstOrDefault() is { } input)
            yield return new ComponentCandidate(
                input.Name,
                _types.WidthOf(input),
                _types.TextOf(input),
                "read by the first operator of the repeated sequence"
            );
    }

    private ComponentCandidate Describe(Landmark landmark) =>
        new(landmark.Value.Name, _types.WidthOf(landmark.Value), _types.TextOf(landmark.Value), landmark.Why);

    private static LandmarkKind[] KindsOf(string name)
    {
        if (name.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal))
            name = name[ComponentNames.HeadPrefix.Length..];
        if (name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal))
            name = name[ComponentNames.CrossPrefix.Length..];
        return name switch
        {
            ComponentNames.BlockInput or ComponentNames.BlockOutput =>
            [
                LandmarkKind.Addition,
                LandmarkKind.Norm,
                LandmarkKind.Recurrence,
                LandmarkKind.Activation,
                LandmarkKind.Convolution,
            ],
            ComponentNames.AttentionInput or ComponentNames.MlpInput or ComponentNames.MixerInput =>
            [
                LandmarkKind.Norm,
                LandmarkKind.LinearInput,
            ],
            ComponentNames.AttentionWeight => [LandmarkKind.Softmax],
            ComponentNames.AttentionValueOutput => [LandmarkKind.Attention, LandmarkKind.LinearInput],
            ComponentNames.OutProjInput or ComponentNames.ConvOutput =>
            [
                LandmarkKind.LinearInput,
                LandmarkKind.Convolution,
            ],
            ComponentNames.MlpActivation => [LandmarkKind.Activation, LandmarkKind.LinearInput],
            ComponentNames.CellOutput => [LandmarkKind.Recurrence, LandmarkKind.Linear],
            ComponentNames.QueryOutput or ComponentNames.KeyOutput or ComponentNames.ValueOutput =>
            [
                LandmarkKind.Part,
                LandmarkKind.Linear,
            ],
            _ => [LandmarkKind.Linear, LandmarkKind.Addition],
        };
    }

    // As wide as in other layers; what is added to the stream, or is the stream, is as wide as that.
    private int ExpectedWidth(string? stack, string name)
    {
        if (_firstOfName.GetValueOrDefault((stack, name)) is { FullWidth: > 0 and var known })
            return known;
        var isStream =
            name
            is ComponentNames.BlockInput
                or ComponentNames.BlockOutput
                or ComponentNames.AttentionOutput
                or ComponentNames.MlpOutput
                or ComponentNames.AttentionInput
                or ComponentNames.MlpInput
                or ComponentNames.MixerInput
                or ComponentNames.MixerOutput;
        return
            isStream
            && (
                _firstOfName.GetValueOrDefault((stack, ComponentNames.BlockInput))
                ?? _firstOfName.GetValueOrDefault((stack, ComponentNames.BlockOutput))
            )
                is { } stream
            ? stream.Width
            : 0;
    }

    // Where the layer's own components are; if there are none, its repetition; if there is none, its share of the
    // graph.
    private (int First, int Last) Range(ComponentAddress address)
    {
        var layer = address.Layer;
        if (_layers.TryGetValue((address.Stack, layer), out var own))
            return (
                FirstOf(address, own.First),
                _layers.TryGetValue((address.Stack, layer + 1), out var next)
                    ? Math.Max(own.Last, next.First)
                    : _nodeCount
            );
        if (
            _pattern is not null
            && (_map.Stacks.IsEmpty || _pattern.Count == _map.LayerCount)
            && layer < _pattern.Count
        )
        {
            var nodes = _pattern.Nodes.AsSpan().Slice(layer * _pattern.Length, _pattern.Length);
            return (
                _order[nodes[0].Outputs.OfType<Value>().First()],
                _order[nodes[^1].Outputs.OfType<Value>().First()]
            );
        }

        var layers = Math.Max(1, _map.LayerCount);
        return ((int)((long)_nodeCount * layer / layers), (int)((long)_nodeCount * (layer + 1) / layers));
    }

    // A layer's input is the output of the layer before it.
    private int FirstOf(ComponentAddress address, int own) =>
        address.Name == ComponentNames.BlockInput
            ? _layers.GetValueOrDefault((address.Stack, address.Layer - 1)).Last
            : own;

    private static IEnumerable<Value> PlacesOf(ComponentSource source) =>
        SourcePlaces.OpenedNode(source) is { } node ? node.Outputs.OfType<Value>() : SourcePlaces.Values(source);

    private void Widen((string? Stack, int Layer) layer, int order)
    {
        var (first, last) = _layers.GetValueOrDefault(layer, (order, order));
        _layers[layer] = (Math.Min(first, order), Math.Max(last, order));
    }

    // The landmarks of a kind in a part of the graph: the first of them, or the last.
    private IEnumerable<Landmark> Between(LandmarkKind kind, int first, int last, bool fromEnd)
    {
        if (!_byKind.TryGetValue(kind, out var all))
            return [];
        var (start, end) = (FirstAfter(all, first - 1), FirstAfter(all, last));
        return Enumerable
            .Range(fromEnd ? Math.Max(start, end - MostCompared) : start, Math.Min(MostCompared, end - start))
            .Select(index => all[index]);
    }

    private static int FirstAfter(List<Landmark> landmarks, int order)
    {
        var (start, end) = (0, landmarks.Count);
        while (start < end)
        {
            var middle = (start + end) / 2;
            (start, end) = landmarks[middle].Order > order ? (start, middle) : (middle + 1, end);
        }

        return start;
    }
}
