using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components;

/// <summary>
/// Every component found in a model, and what was not found, and why. Refers to the model's own values.
/// </summary>
public sealed class ComponentMap
{
    private readonly Dictionary<ComponentAddress, Component> _components;
    private readonly Model _model;
    private readonly Lazy<RawTensors> _tensors;
    private readonly TypeInference _types = new();
    private readonly Lock _typesLock = new();
    private readonly Lazy<ImmutableArray<CountedMask>> _countedMasks;
    private readonly Lazy<bool> _positionsCountKeptTokens;
    private readonly Lazy<InputLimits> _limits;

    internal ComponentMap(
        Model model,
        string? family,
        int layerCount,
        IEnumerable<Component> components,
        IEnumerable<MissingComponent> missing
    )
    {
        _model = model;
        _tensors = new Lazy<RawTensors>(() => new RawTensors(model));
        _countedMasks = new Lazy<ImmutableArray<CountedMask>>(() => CountedMask.All(model.Graph));
        _positionsCountKeptTokens = new Lazy<bool>(() => PositionInput.CountsKeptTokens(model));
        _limits = new Lazy<InputLimits>(() => InputLimits.Of(model.Graph));
        Family = family;
        LayerCount = layerCount;
        Components = [.. components];
        Missing = [.. missing];
        _components = Components.ToDictionary(component => component.Address);
    }

    /// <summary>The family whose module names the file has; null when none is recognised.</summary>
    public string? Family { get; }

    /// <summary>How many layers were found.</summary>
    public int LayerCount { get; }

    /// <summary>The components, layer by layer, in the order in which a forward pass meets them.</summary>
    public ImmutableArray<Component> Components { get; }

    /// <summary>What was looked for and not found.</summary>
    public ImmutableArray<MissingComponent> Missing { get; }

    /// <summary>
    /// The matrix whose rows token ids choose, <c>[vocabulary, width]</c>; converted to floating point where quantised;
    /// null when there is none.
    /// </summary>
    public TensorData? TokenEmbedding =>
        _model.Graph.Inputs.FirstOrDefault(input => input.Name == InputLimits.TokenInput) is { } tokens
            ? EmbeddingFinder.Find(tokens)
            : null;

    /// <summary>The model that the components belong to.</summary>
    internal Model Model => _model;

    /// <summary>
    /// Inputs (masks) whose ones the model counts from the start of each row, so that rows cannot be padded there.
    /// Found once. O(nodes).
    /// </summary>
    internal ImmutableArray<CountedMask> CountedMasks => _countedMasks.Value;

    /// <summary>What the model's tables leave room for. Looked for once. O(nodes).</summary>
    internal InputLimits Limits => _limits.Value;

    /// <summary>Whether position ids that are left out count only the tokens that the mask keeps.</summary>
    internal bool PositionsCountKeptTokens => _positionsCountKeptTokens.Value;

    /// <summary>Finds the components of a model. O(nodes).</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">
    /// What is known besides the graph: the user's own map, and the configuration beside the file.
    /// </param>
    /// <exception cref="InterventionException">
    /// The user's map does not fit the model; the message names the place in it.
    /// </exception>
    public static ComponentMap Find(Model model, ComponentSearchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var found = new ComponentSearch(model).Run();
        return options is null ? found : ComponentRevision.Of(model, found, options);
    }

    /// <summary>The component of this name in this layer; any tensor's name works too, whatever the layer.</summary>
    /// <exception cref="InterventionException">
    /// There is none; the message has the reason, or the nearest names.
    /// </exception>
    public Component Get(int layer, string name)
    {
        var address = new ComponentAddress(layer, name);
        if (_components.TryGetValue(address, out var component))
            return component;
        if (_tensors.Value.Find(name) is not { } source)
            throw Unknown(address);
        lock (_typesLock)
            return FromTensor(layer, source);
    }

    private Component FromTensor(int layer, ComponentSource source)
    {
        var value = RawTensors.ValueOf(source);
        var type = _types.ElementTypeOf(value);
        TensorRules.RequireFloats(value, type);
        if (source is BodySource body)
            return RawTensors.OfSteps(new ComponentAddress(layer, value.Name), body, _types);
        var axes = _types.RankOf(value) ?? throw TensorRules.UnknownAxes(value);
        if (axes < 2)
            throw new InterventionException(
                $"The tensor '{value.Name}' has {axes} axes; interventions need an axis of examples and one of units."
            );
        // With fewer axes a unit is a number, with more an array: it then has no width.
        var width = axes == 3 ? _types.WidthOf(value) : 0;
        return new Component(new ComponentAddress(layer, value.Name), source, width, 0, "pos")
        {
            IsRaw = true,
            Axes = axes,
        };
    }

    private InterventionException Unknown(ComponentAddress address)
    {
        if (Missing.FirstOrDefault(missing => missing.Address == address) is { } known)
            return new InterventionException($"{address} was not found in this model: {known.Reason}.");
        var layers = _components
            .Keys.Where(known => known.Name == address.Name)
            .Select(known => known.Layer)
            .Order()
            .ToList();
        if (layers.Count > 0 && address.Layer < LayerCount)
            return new InterventionException(
                $"Layer {address.Layer} has no {address.Name}; the layers {string.Join(", ", layers)} have it."
            );
        if (layers.Count > 0)
            return new InterventionException(
                $"There is no layer {address.Layer}: the model has the layers 0 to {LayerCount - 1}."
            );
        var names = _components.Keys.Select(known => known.Name).Distinct().ToList();
        var nearest = NearestNames.To(address.Name, names.Concat(_tensors.Value.Names), 3);
        var list =
            names.Count == 0
                ? "No component was recognised in this model."
                : $"Components: {string.Join(", ", names)}.";
        return new InterventionException(
            $"'{address.Name}' is neither a component nor a tensor of this model. Nearest: "
                + $"{string.Join(", ", nearest)}. {list}"
        );
    }
}
