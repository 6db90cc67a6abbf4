using System.Collections.Immutable;

namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Puts another model's nodes into a model's graph, so that one run computes both. Constants that both have are shared.
/// </summary>
internal sealed class GraphJoin
{
    private readonly Model _into;
    private readonly NameScope _names;
    private readonly string _prefix;
    private readonly Dictionary<Value, Value> _replaced = [];

    private GraphJoin(Model into, NameScope names, string prefix)
    {
        (_into, _names, _prefix) = (into, names, prefix);
    }

    /// <summary>
    /// Joins a part to a model, which must use its operator sets; local functions are not taken along. O(nodes).
    /// </summary>
    /// <param name="into">The model, which is changed.</param>
    /// <param name="part">The part; it stays as it is.</param>
    /// <param name="names">The model's names.</param>
    /// <param name="prefix">What the names of the part's values get before them, those of its inputs too.</param>
    /// <returns>The part's outputs, in the model.</returns>
    public static ImmutableArray<Value> Add(Model into, Model part, NameScope names, string prefix) =>
        new GraphJoin(into, names, prefix).Add(part.Copy());

    private ImmutableArray<Value> Add(Model part)
    {
        ShareConstants(part.Graph);
        TakeInputs(part.Graph);
        Rename(part.Graph);
        foreach (var body in part.Graph.AllNodes().SelectMany(node => node.Subgraphs))
            body.SetOutputs([.. body.Outputs.Select(Now)]);
        ImmutableArray<Value> outputs = [.. part.Graph.Outputs.Select(Now)];
        _into.Graph.Absorb(part.Graph);
        _into.OperatorSets = part.OperatorSets.SetItems(_into.OperatorSets);
        return outputs;
    }

    private Value Now(Value value) => _replaced.GetValueOrDefault(value, value);

    private void ShareConstants(Graph graph)
    {
        var known = _into
            .Graph.InitializersBesideInputs()
            .Where(value => value.Initializer is not null)
            .ToDictionary(value => value.Name);
        var shared = new HashSet<Value>();
        foreach (var constant in graph.InitializersBesideInputs().ToList())
        {
            if (
                !known.TryGetValue(constant.Name, out var own)
                || !ReferenceEquals(own.Initializer, constant.Initializer)
            )
                continue;
            Replace(constant, own);
            shared.Add(constant);
        }

        graph.RemoveInitializers(shared);
    }

    private void TakeInputs(Graph graph)
    {
        foreach (var input in graph.Inputs)
        {
            var own = _into.Graph.AddInput(_names.Free(_prefix + input.Name), input.Type);
            own.OpaqueType = input.OpaqueType;
            if (input.Initializer is { } data)
                _into.Graph.SetDefault(own, data);
            Replace(input, own);
        }

        graph.RemoveInitializers(graph.Inputs.ToHashSet());
    }

    private void Replace(Value value, Value own)
    {
        value.ReplaceUses(own);
        _replaced.Add(value, own);
    }

    private void Rename(Graph graph)
    {
        foreach (var value in graph.AllValues().Where(value => !_replaced.ContainsKey(value)))
            value.Name = _names.Free(_prefix + value.Name);
        foreach (var node in graph.Nodes)
        {
            node.Name = node.Name.Length == 0 ? "" : _names.Free(_prefix + node.Name);
            foreach (var body in node.Subgraphs)
                Rename(body);
        }
    }
}
