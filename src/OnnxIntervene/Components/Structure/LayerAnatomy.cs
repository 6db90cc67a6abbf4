using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Names the parts of one layer.</summary>
internal sealed class LayerAnatomy
{
    // More than read the mixed values of an attention.
    private const int MostReaders = 100;

    private readonly OpenedView _view;
    private readonly TypeInference _types;
    private readonly LinearLayers _layers;
    private readonly Convention _convention;
    private readonly int _index;
    private readonly ImmutableArray<Component>.Builder _components = ImmutableArray.CreateBuilder<Component>();
    private readonly ImmutableArray<MissingComponent>.Builder _missing =
        ImmutableArray.CreateBuilder<MissingComponent>();
    private Value? _batch;

    private LayerAnatomy(OpenedView view, TypeInference types, LinearLayers layers, Convention convention, int index)
    {
        _view = view;
        _types = types;
        _layers = layers;
        _convention = convention;
        _index = index;
    }

    /// <summary>The components of a layer, and what is known not to be one.</summary>
    /// <param name="view">The model.</param>
    /// <param name="types">The types of its values.</param>
    /// <param name="layers">Its linear layers.</param>
    /// <param name="convention">What names mean.</param>
    /// <param name="index">The layer's number.</param>
    /// <param name="parts">The layer's sub-layers.</param>
    /// <param name="input">An input whose first axis is the examples of the stream.</param>
    public static (ImmutableArray<Component> Components, ImmutableArray<MissingComponent> Missing) Of(
        OpenedView view,
        TypeInference types,
        LinearLayers layers,
        Convention convention,
        int index,
        ImmutableArray<SubLayer> parts,
        Value? input
    )
    {
        var anatomy = new LayerAnatomy(view, types, layers, convention, index);
        anatomy.Describe(parts, input ?? view.Graph.Inputs[0]);
        return (anatomy._components.ToImmutable(), anatomy._missing.ToImmutable());
    }

    private void Describe(ImmutableArray<SubLayer> parts, Value input)
    {
        var (attention, cross, mixer, feedForward) = NamedParts.Of(parts);
        var stream = Present(parts[0].Stream);
        var width = StreamWidth(parts);
        _batch = _types.RankOf(stream) > 2 ? (_view.Source(stream) as TensorSource)?.Value : Original(input);
        Add(ComponentNames.BlockInput, stream, width);
        if (attention is not null)
            DescribeAttention(attention, "", width);
        if (cross is not null)
            DescribeAttention(cross, ComponentNames.CrossPrefix, width);
        if (attention is not null && feedForward is not null && parts.IndexOf(attention) < parts.IndexOf(feedForward))
            AddMiddle(feedForward, parts, width);
        if (mixer is not null)
            DescribeMixer(mixer, width);
        if (feedForward is not null)
            DescribeFeedForward(feedForward, width);
        AddStream(ComponentNames.BlockOutput, parts[^1].Result, parts[^1].IsPostNorm, width);
    }

    // Attention and feed-forward side by side have no stream between them.
    private void AddMiddle(SubLayer feedForward, ImmutableArray<SubLayer> parts, int width)
    {
        if (feedForward.Stream != parts[0].Stream)
            AddStream(ComponentNames.ResidMid, feedForward.Stream, parts[0].IsPostNorm, width);
    }

    private void AddStream(string name, Value stream, bool isNormalised, int width) =>
        Add(
            name,
            SourceOf(Present(stream)),
            width,
            meaning: isNormalised ? ComponentMeaning.Normalised : ComponentMeaning.Usual
        );

    private void DescribeAttention(SubLayer part, string prefix, int width)
    {
        var core = part.Core!;
        var queries = FusedOperators.IsPackedAttention(core.Node) ? null : _layers.ProjectionOf(core.Query);
        if (queries is not null && !part.Nodes.Contains(queries.Layer.Product))
            queries = null;
        var input = queries?.Layer.Input ?? (FusedOperators.IsPackedAttention(core.Node) ? core.Query : null);
        if (input is null)
        {
            DescribeElsewhere(part, prefix, width, "no linear layer [width, width] computes the queries of the scores");
            return;
        }

        if (Rearrangement.Of(input, part) is { } node)
        {
            var moves =
                $"the {node.Operator.OperatorType} '{node.Name}' rearranges examples and positions before the "
                + "attention";
            DescribeElsewhere(part, prefix, width, moves);
            return;
        }

        AddInput(prefix + ComponentNames.AttentionInput, _convention.InputIsStream ? part.Stream : input, part, width);
        var heads = AddProjections(core, prefix);
        if (heads > 0)
            AddWeight(core, prefix, heads);
        if (Forward(core.Mixed, part) is { } output)
        {
            AddMixed(prefix, output, heads);
            AddOutput(prefix + ComponentNames.AttentionOutput, output, part, width);
        }
    }

    // What is computed of windows, or with positions first, has other examples and positions than the stream.
    private void DescribeElsewhere(SubLayer part, string prefix, int width, string reason)
    {
        foreach (var name in ComponentNames.InsideAttention)
        {
            _missing.Add(new MissingComponent(new ComponentAddress(_index, prefix + name), reason));
            if (ComponentNames.WithHeads.Contains(name))
                _missing.Add(
                    new MissingComponent(
                        new ComponentAddress(_index, ComponentNames.HeadPrefix + prefix + name),
                        reason
                    )
                );
        }

        if (_convention.IncludesResidual)
            AddInput(prefix + ComponentNames.AttentionInput, part.Stream, part, width);
        else if (Rearrangement.InputOf(part) is { } input)
            AddInput(prefix + ComponentNames.AttentionInput, input, part, width);
        var added = Dataflow.Root(part.Part);
        Add(
            prefix + ComponentNames.AttentionOutput,
            _convention.IncludesResidual ? Present(part.Result) : Norms.InputOf(added) ?? added,
            width
        );
    }

    private int AddProjections(AttentionCore core, string prefix)
    {
        string[] names = [ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput];
        var found = Enumerable
            .Range(0, names.Length)
            .Select(part => ProjectionFinder.Find(_view, _layers, core, part))
            .ToList();
        for (var part = 0; part < names.Length; part++)
        {
            if (found[part].Source is not { } source)
                continue;
            Add(prefix + names[part], source, found[part].Width);
            if (found[part].Heads is > 0 and var heads && found[part].Width % heads == 0)
                Add(
                    ComponentNames.HeadPrefix + prefix + names[part],
                    source,
                    found[part].Width / heads,
                    heads,
                    "h.pos"
                );
        }

        return found[0].Heads;
    }

    private void AddWeight(AttentionCore core, string prefix, int heads)
    {
        // Heads that are folded into the batch cannot be told from it.
        ComponentSource? source = core.Probabilities is { } value
            ? _types.RankOf(value) is 4 or null
                ? _view.Source(value)
                : null
            : (_view.Source(core.Mixed) as TensorSource)?.Value.Producer is { } node
                ? new AttentionProbabilitySource(node)
                : null;
        if (source is not null)
            Add(prefix + ComponentNames.AttentionWeight, source, 0, heads, "h");
    }

    // What the output projection reads; some exporters leave it split into heads.
    private void AddMixed(string prefix, LinearLayer output, int heads)
    {
        var name = prefix + ComponentNames.AttentionValueOutput;
        var source =
            _types.RankOf(output.Input) == 4
            && heads > 0
            && _view.Source(output.Input) is TensorSource { Value: var split }
                ? new SplitHeadsSource(split, heads, output.InputWidth / heads)
                : SourceOf(output.Input);
        Add(name, source, output.InputWidth);
        if (heads > 0 && output.InputWidth % heads == 0)
            Add(ComponentNames.HeadPrefix + name, source, output.InputWidth / heads, heads, "h.pos");
    }

    private void DescribeFeedForward(SubLayer part, int width)
    {
        if (FeedForward.Of(part, _layers) is not { } found)
            return;
        AddInput(ComponentNames.MlpInput, found.Entry.Input, part, width);
        if (found.Router is { } router)
            Add(ComponentNames.RouterOutput, SourceOf(router.Output), router.OutputWidth);
        if (found.Activation is { } activation)
        {
            var shown = _convention.ActivationIsBefore ? found.Entry.Output : activation;
            Add(
                ComponentNames.MlpActivation,
                SourceOf(shown),
                found.Down!.InputWidth,
                meaning: _convention.ActivationIsBefore ? ComponentMeaning.BeforeActivation
                    : found.IsGated ? ComponentMeaning.Gate
                    : ComponentMeaning.Usual
            );
        }

        AddOutput(ComponentNames.MlpOutput, found.Down, part, width);
    }

    // What a sub-layer outputs, by the family's meaning.
    private void AddOutput(string name, LinearLayer? last, SubLayer part, int width)
    {
        if (_convention.IncludesResidual)
        {
            Add(name, SourceOf(Present(part.Result)), width, meaning: ComponentMeaning.WithResidual);
            return;
        }

        var output = last is null ? Dataflow.Root(part.Part) : Contribution(last, part);
        var isAdded = Dataflow.FlatRoot(output) == Dataflow.FlatRoot(part.Part);
        Add(name, SourceOf(output), width, meaning: isAdded ? ComponentMeaning.Added : ComponentMeaning.Projected);
    }

    // A selective state space: one projection in, a convolution, the projection of the scan's parameters, one
    // projection out.
    private void DescribeMixer(SubLayer part, int width)
    {
        var inside = _layers.Among(part.Nodes);
        var (entry, output) = (inside[0], inside[^1]);
        AddInput(ComponentNames.MixerInput, entry.Input, part, width);
        if (inside.Count(layer => Dataflow.FlatRoot(layer.Input) == Dataflow.FlatRoot(entry.Input)) == 1)
            Add(ComponentNames.InProjOutput, SourceOf(entry.Output), entry.OutputWidth);
        if (inside.FirstOrDefault(layer => IsConvolved(layer.Input)) is { } parameters)
            Add(
                ComponentNames.ConvOutput,
                new InputSource(Original(parameters.Input), [Original(parameters.Product.Output).Producer!]),
                parameters.InputWidth
            );
        Add(ComponentNames.OutProjInput, SourceOf(output.Input), output.InputWidth);
        AddOutput(ComponentNames.MixerOutput, output, part, width);
    }

    // Whether a convolution is what the shortest ways back meet first.
    private bool IsConvolved(Value value)
    {
        var (seen, open) = (new HashSet<Value>(), new Queue<Value>([value]));
        while (open.TryDequeue(out var at) && seen.Count < MostReaders)
        {
            if (!seen.Add(at) || at.Producer is not { } producer || _layers.TryGet(producer, out _))
                continue;
            if (SubLayer.IsConvolution(producer))
                return true;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Enqueue(input);
        }

        return false;
    }

    private int StreamWidth(ImmutableArray<SubLayer> parts)
    {
        if (_types.WidthOf(parts[0].Stream) is > 0 and var known)
            return known;
        foreach (var part in parts)
        {
            if (part.Core is { } core && FusedOperators.IsPackedAttention(core.Node))
                return ProjectionFinder.PackedInputWidth(core.Node);
            if (part.Core is not null && _layers.ProjectionOf(part.Core.Query) is { } queries)
                return queries.Layer.InputWidth;
            if (FeedForward.Of(part, _layers) is { } feedForward)
                return feedForward.Entry.InputWidth;
        }

        return 0;
    }

    // A sub-layer's output as it leaves its last projection: reshaped back where the graph does so, before any norm.
    private static Value Contribution(LinearLayer layer, SubLayer part)
    {
        var direct = Dataflow.Root(part.Part);
        return Dataflow.FlatRoot(direct) == Dataflow.FlatRoot(layer.Output) ? direct : layer.Output;
    }

    // The linear layer that the mixed values go to.
    private LinearLayer? Forward(Value mixed, SubLayer part)
    {
        var seen = new HashSet<Value>();
        var open = new Queue<Value>([mixed]);
        while (open.TryDequeue(out var value) && seen.Count < 40)
        {
            foreach (
                var use in value
                    .Uses.Take(MostReaders)
                    .Where(use => part.Nodes.Contains(use.Node) && use.Node.Operator.OperatorType != "Shape")
            )
            {
                if (_layers.TryGet(use.Node, out var layer))
                    return layer;
                if (seen.Add(use.Node.Output))
                    open.Enqueue(use.Node.Output);
            }
        }

        return null;
    }

    // Where a module's input is read by others too, only the module's own reads are meant.
    private void AddInput(string name, Value value, SubLayer part, int width)
    {
        var whole =
            _convention.InputIsStream
            && Dataflow.FlatRoot(value) == Dataflow.FlatRoot(part.Stream)
            && name.EndsWith(ComponentNames.AttentionInput, StringComparison.Ordinal);
        var readers = value
            .Uses.Select(use => use.Node)
            .Where(node => node.Operator.OperatorType != "Shape")
            .Distinct()
            .ToList();
        var own = readers.Where(part.Nodes.Contains).ToList();
        if (whole)
            Add(name, Present(value), width);
        else if (own.Count == readers.Count || _view.Source(value) is not TensorSource { Value: var tensor })
            Add(name, SourceOf(value), width);
        else
            Add(name, new InputSource(tensor, [.. own.Select(node => Original(node.Output).Producer!)]), width);
    }

    private Value Original(Value value) => ((TensorSource)_view.Source(value)).Value;

    private ComponentSource SourceOf(Value value) =>
        _types.RankOf(value) == 2 && _batch is not null && _view.Source(value) is TensorSource { Value: var flat }
            ? new FlatSource(flat, _batch)
            : _view.Source(value);

    // A stream that is computed flat is shown in three axes where all that reads it does so.
    private Value Present(Value value)
    {
        if (_types.RankOf(value) != 2)
            return value;
        for (var at = value; LinearLayers.OnlyUse(at) is { } only; )
        {
            at = only.Node.Outputs.Count > 0 ? only.Node.Output : value;
            if (only.Node.Operator.OperatorType == "Reshape" && only.InputIndex == 0 && _types.RankOf(at) == 3)
                return at;
            if (!Dataflow.IsTransparent(only.Node) && only.Node.Operator.OperatorType != "Reshape")
                return value;
        }

        return value;
    }

    private void Add(string name, Value value, int width) => Add(name, SourceOf(value), width);

    private void Add(
        string name,
        ComponentSource source,
        int width,
        int heads = 0,
        string unit = "pos",
        ComponentMeaning meaning = ComponentMeaning.Usual
    ) =>
        _components.Add(
            new Component(new ComponentAddress(_index, name), source, width, heads, unit) { Meaning = meaning }
        );
}
