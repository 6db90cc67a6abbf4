using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// Finds tensors by name: in the main graph, in the branches of an If, and in the bodies of loops.
/// </summary>
internal sealed class RawTensors
{
    private readonly Dictionary<string, Value> _main = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, Node>> _owners;
    private readonly Dictionary<Graph, Dictionary<string, Value>> _branches = [];
    private readonly Model _model;

    public RawTensors(Model model)
    {
        _model = model;
        _owners = new Lazy<Dictionary<string, Node>>(Owners);
        foreach (var value in model.Graph.AllValues())
            _main.TryAdd(value.Name, value);
    }

    /// <summary>The names that <see cref="Find"/> finds.</summary>
    public IEnumerable<string> Names =>
        _main
            .Keys.Concat(
                _model
                    .Graph.AllNodes()
                    .SelectMany(node => node.Subgraphs)
                    .SelectMany(graph => graph.AllValues())
                    .Select(value => value.Name)
            )
            .Distinct();

    /// <summary>The tensor of a source that is a tensor, in the first of its branches.</summary>
    public static Value ValueOf(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => tensor.Value,
            BranchSource branches => ValueOf(branches.Sources[0]),
            OneBranchSource one => ValueOf(one.Source),
            BodySource body => body.Value,
            _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
        };

    /// <summary>Where the tensor of this name is; null when there is none.</summary>
    /// <exception cref="InterventionException">It is in a part of the model that need not run.</exception>
    public ComponentSource? Find(string name)
    {
        if (_main.TryGetValue(name, out var value))
            return new TensorSource(value);
        if (!_owners.Value.TryGetValue(name, out var owner))
            return FindDeeper(name);
        var found = owner.Subgraphs.Select(branch => _branches[branch].GetValueOrDefault(name)).ToList();
        if (
            owner.Operator.OperatorType is "Loop" or "Scan"
            && found is [{ } step]
            && step.Producer?.Graph?.Owner == owner
        )
            return new BodySource(owner, step);
        if (owner.Operator.OperatorType == "If" && found.TrueForAll(inner => inner?.Producer?.Graph?.Owner == owner))
            return new BranchSource(owner, [.. found.Select(inner => new TensorSource(inner!))]);
        return InOneBranch(name, owner, [.. found.OfType<Value>()]);
    }

    // In a graph of a node that is itself in another node's graph.
    private OneBranchSource? FindDeeper(string name)
    {
        var places = _model
            .Graph.AllNodes()
            .SelectMany(node => node.Subgraphs)
            .SelectMany(graph => graph.AllValues())
            .Where(value => value.Name == name)
            .Distinct()
            .ToList();
        if (places.Count == 0)
            return null;
        var owner = places[0].Producer?.Graph?.Owner;
        while (owner?.Graph?.Owner is { } outer)
            owner = outer;
        return InOneBranch(name, owner, places);
    }

    private OneBranchSource InOneBranch(string name, Node? owner, List<Value> places) =>
        places.Count == 1 && PathTo(places[0]) is { IsEmpty: false } path
            ? new OneBranchSource(path, new TensorSource(places[0]))
            : throw Inside(name, owner ?? _model.Graph.Nodes.First(node => node.Subgraphs.Any()), places.Count);

    // The branches around a node's output, the outermost first; none where something else than an If is around it.
    private ImmutableArray<IfBranch> PathTo(Value value)
    {
        var path = new List<IfBranch>();
        for (var graph = value.Producer?.Graph; graph is not null && graph != _model.Graph; graph = path[0].Owner.Graph)
        {
            if (graph.Owner is not { Operator.OperatorType: "If" } owner)
                return [];
            path.Insert(0, new IfBranch(owner, owner.Subgraphs.ToList().IndexOf(graph)));
        }

        return [.. path];
    }

    // The first node in whose graphs each name occurs; names are looked up in these once for all.
    private Dictionary<string, Node> Owners()
    {
        var owners = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (var owner in _model.Graph.Nodes)
        {
            foreach (var branch in owner.Subgraphs)
            {
                var values = _branches[branch] = new Dictionary<string, Value>(StringComparer.Ordinal);
                foreach (var value in branch.AllValues())
                {
                    values.TryAdd(value.Name, value);
                    owners.TryAdd(value.Name, owner);
                }
            }
        }

        return owners;
    }

    /// <summary>
    /// A tensor of a loop's body as a component: at each step one row an example, everything after the axis of
    /// examples.
    /// </summary>
    /// <exception cref="InterventionException">Not all of its sizes but the first are known.</exception>
    public static Component OfSteps(ComponentAddress address, BodySource source, TypeInference types)
    {
        var sizes = types.ShapeOf(source.Value)?.Dimensions ?? [];
        if (sizes.Length < 2 || sizes.Skip(1).Any(size => size.Size is null))
        {
            throw new InterventionException(
                $"The tensor '{source.Value.Name}' inside the {source.Owner} is {types.TextOf(source.Value)}; all "
                    + $"sizes but the first must be known for it to be one row of each step."
            );
        }

        long[] row = [.. sizes.Skip(1).Select(size => size.Size!.Value)];
        return SizeProduct.Of(row) is { } width and <= int.MaxValue
            ? new Component(address, source, (int)width, 0, "t") { IsRaw = true }
            : throw new InterventionException(
                $"The tensor '{source.Value.Name}' inside the {source.Owner} is {types.TextOf(source.Value)}; a row "
                    + $"of it has more than {int.MaxValue} elements."
            );
    }

    /// <summary>
    /// A tensor <c>[batch × position, width]</c> as <c>[batch, position, width]</c>, where its first axis is known to
    /// be the dimension of examples times another; null where it is not.
    /// </summary>
    public static FlatSource? Flattened(Value value, TypeInference types, ExampleAxis examples, Graph graph)
    {
        if (
            examples.Name is not { } name
            || types.FactsOf(value).Axes is not [{ Number: null } rows, { Number: > 0 }]
            || rows.DividedBy(Quantity.Named(name)) is not { IsKnown: true } positions
            || positions.Number == 1
            || !StartsWith(name, value, types)
        )
            return null;
        var batch = graph.Inputs.FirstOrDefault(input =>
            examples.Places.TryGetValue(input.Name, out var axis) && axis == 0
        );
        return batch is null ? null : new FlatSource(value, batch);
    }

    // Where the two axes were put together, that of examples came first, as far as this is told.
    private static bool StartsWith(string name, Value value, TypeInference types)
    {
        for (var steps = 0; steps < Dataflow.LongestChain && value.Producer is { } producer; steps++)
        {
            if (Dataflow.DataInputs(producer).FirstOrDefault() is not { } before)
                return true;
            if (types.RankOf(before) is > 2)
                return types.FactsOf(before).Axes![0] is var first
                    && (first.IsSame(Quantity.Named(name)) || first.ToDimension().Symbol is null);
            value = before;
        }

        return true;
    }

    private static InterventionException Inside(string name, Node owner, int places)
    {
        var reason =
            owner.Operator.OperatorType != "If" ? "no node of the loop's own body outputs it"
            : places > 1 ? "several of its branches have one, not side by side"
            : "it is in a loop there, or no node outputs it";
        var captured = owner
            .Subgraphs.SelectMany(graph => graph.AllNodes())
            .SelectMany(node => node.Inputs)
            .Where(value => value?.Producer?.Graph == owner.Graph);
        var outside = owner
            .Inputs.Concat(captured)
            .Concat(owner.Outputs)
            .OfType<Value>()
            .Distinct()
            .Select(value => $"'{value.Name}'");
        return new InterventionException(
            $"The tensor '{name}' is inside the {owner}: {reason}, so it cannot be named by itself. "
                + $"The node's inputs and outputs can be: {string.Join(", ", outside)}."
        );
    }
}
