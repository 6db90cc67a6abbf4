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
    private readonly Lazy<ExampleAxis> _examples;

    internal ComponentMap(
        Model model,
        string? family,
        IEnumerable<ComponentStack> stacks,
        IEnumerable<Component> components,
        IEnumerable<MissingComponent> missing
    )
    {
        _model = model;
        _tensors = new Lazy<RawTensors>(() => new RawTensors(model));
        _countedMasks = new Lazy<ImmutableArray<CountedMask>>(() => CountedMask.All(model.Graph));
        _positionsCountKeptTokens = new Lazy<bool>(() => PositionInput.CountsKeptTokens(model));
        _limits = new Lazy<InputLimits>(() => InputLimits.Of(model.Graph));
        _examples = new Lazy<ExampleAxis>(() => ExampleAxis.Of(model.Graph));
        Family = family;
        Stacks = [.. stacks];
        Components = [.. components];
        Missing = [.. missing];
        _components = Components.ToDictionary(component => component.Address);
    }

    /// <summary>The family whose module names the file has; null when none is recognised.</summary>
    public string? Family { get; }

    /// <summary>
    /// The stacks of layers. Several are beside each other in one file: an encoder and its decoder, two towers.
    /// </summary>
    public ImmutableArray<ComponentStack> Stacks { get; }

    /// <summary>How many layers were found in the model's own stack; 0 where none of several is that.</summary>
    public int LayerCount => Stacks.FirstOrDefault(stack => stack.IsMain)?.LayerCount ?? 0;

    /// <summary>Residual streams that are in no layer, each with the reason.</summary>
    public ImmutableArray<string> LeftOut { get; init; } = [];

    /// <summary>The components, layer by layer, in the order in which a forward pass meets them.</summary>
    public ImmutableArray<Component> Components { get; }

    /// <summary>What was looked for and not found.</summary>
    public ImmutableArray<MissingComponent> Missing { get; }

    /// <summary>What an earlier check found; nothing where there was none.</summary>
    public CheckRecord Record { get; internal init; } = CheckRecord.None;

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

    /// <summary>Which dimension of the inputs counts examples. Looked for once. O(inputs).</summary>
    internal ExampleAxis Examples => _examples.Value;

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

    /// <summary>
    /// The component of this name in this layer; any tensor's name works too, whatever the layer. Where a file holds
    /// several stacks, a stack's name stands before the component's: <c>encoder.block_output</c>, or with the layer
    /// <c>encoder.3.block_output</c>.
    /// </summary>
    /// <exception cref="InterventionException">
    /// There is none; the message has the reason, or the nearest names.
    /// </exception>
    public Component Get(int layer, string name) => Get(new ComponentAddress(layer, name));

    /// <summary>The component at an address; see <see cref="Get(int, string)"/>.</summary>
    /// <exception cref="InterventionException">
    /// There is none; the message has the reason, or the nearest names.
    /// </exception>
    public Component Get(ComponentAddress address)
    {
        var wanted = Resolve(address);
        if (_components.TryGetValue(wanted, out var component))
            return component;
        if (_tensors.Value.Find(address.FullName) is not { } source)
            return TransformerLensNames.AddressOf(address.Layer, address.Name) is { } other
                ? Renamed(address.Name, other)
                : throw new UnknownComponent(this, _tensors.Value.Names).Fault(wanted);
        lock (_typesLock)
            return FromTensor(address.Layer, source);
    }

    /// <summary>The layers in which a component of this name is looked for where no layer is given.</summary>
    internal ImmutableArray<int> LayersOf(string name)
    {
        if (ComponentAddress.LayerIn(name) is { } own)
            return [own];
        var stack = Resolve(new ComponentAddress(0, name)).Stack;
        return
        [
            .. Enumerable.Range(
                0,
                Stacks.FirstOrDefault(item => stack is null ? item.IsMain : item.Name == stack)?.LayerCount ?? 0
            ),
        ];
    }

    /// <summary>
    /// An address as the map has it: its stack taken out of its name, and left out where it is the model's own.
    /// </summary>
    /// <exception cref="InterventionException">The name has another layer than the address.</exception>
    public ComponentAddress Resolve(ComponentAddress address)
    {
        var read = address.Stack is null ? ComponentAddress.Parse(address.Layer, address.Name) : address;
        return read.Stack is { } name && StackOf(name) is { } stack
            ? read with
            {
                Stack = stack.IsMain ? null : stack.Name,
            }
            : read;
    }

    // The stack text is text_model to its module, and the other way round.
    private ComponentStack? StackOf(string name) =>
        Stacks.FirstOrDefault(stack => stack.Name == name)
        ?? (
            Stacks
                .Where(stack =>
                    stack.Name.Length > 0
                    && (
                        stack.Name.StartsWith(name + "_", StringComparison.Ordinal)
                        || name.StartsWith(stack.Name + "_", StringComparison.Ordinal)
                    )
                )
                .ToList()
                is [var only]
                ? only
                : null
        );

    /// <summary>
    /// The layer and the component that a name stands for: TransformerLens' names become the project's own, all others
    /// stay.
    /// </summary>
    /// <exception cref="InterventionException">
    /// The name holds another layer, or stands for another place in this model.
    /// </exception>
    public ComponentAddress AddressOf(int layer, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var address = new ComponentAddress(layer, name);
        if (
            _components.ContainsKey(address)
            || !TransformerLensNames.IsOne(name)
            || _tensors.Value.Find(name) is not null
        )
            return address;
        return TransformerLensNames.AddressOf(layer, name) is { } other ? Renamed(name, other).Address : address;
    }

    /// <summary>
    /// Every place that a name stands for: a component in each of these layers, or in all that have it; a tensor, and a
    /// name that holds its layer, once.
    /// </summary>
    /// <param name="name">A component, TransformerLens' name of one, or a tensor.</param>
    /// <param name="layers">The layers; empty for all.</param>
    /// <exception cref="InterventionException">The name stands for another place in this model.</exception>
    public ImmutableArray<ComponentAddress> AddressesOf(string name, ImmutableArray<int> layers)
    {
        var named = AddressOf(0, name);
        if (named.Name != name && TransformerLensNames.LayerOf(name) is not null)
            return [named];
        var wanted = Resolve(named);
        if (ComponentAddress.LayerIn(name) is not null)
            return [wanted];
        var own = _components
            .Keys.Concat(Missing.Select(missing => missing.Address))
            .Where(address => address.Name == wanted.Name && address.Stack == wanted.Stack)
            .Select(address => address.Layer)
            .Distinct()
            .Order()
            .ToImmutableArray();
        return own.Length == 0
            ? [named]
            : [.. (layers.Length > 0 ? layers : own).Select(layer => wanted with { Layer = layer })];
    }

    private Component Renamed(string name, ComponentAddress address)
    {
        if (!_components.TryGetValue(address, out var component))
            throw new UnknownComponent(this, _tensors.Value.Names).Fault(address);
        return TransformerLensNames.Refusal(name, component) is { } refusal
            ? throw new InterventionException($"'{name}': {refusal}.")
            : component;
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
        if (source is TensorSource && RawTensors.Flattened(value, _types, _examples.Value, _model.Graph) is { } flat)
            return new Component(new ComponentAddress(layer, value.Name), flat, _types.WidthOf(value), 0, "pos")
            {
                IsRaw = true,
            };
        // With fewer axes a unit is a number, with more an array: it then has no width.
        var width = axes == 3 ? _types.WidthOf(value) : 0;
        return new Component(new ComponentAddress(layer, value.Name), source, width, 0, "pos")
        {
            IsRaw = true,
            Axes = axes,
        };
    }
}
