namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// A part of a graph that is connected by reads: all that can change when given values change, or all that given
/// values need. Branches and loop bodies are included. O(nodes + reads), without recursion along the graph.
/// </summary>
public sealed class Cone
{
    private readonly HashSet<Node> _nodes = [];
    private readonly HashSet<Value> _values = [];
    private readonly Stack<Value> _open = new();

    private Cone(IEnumerable<Value> values)
    {
        foreach (var value in values)
            Meet(value);
    }

    /// <summary>The nodes of the part, those inside subgraphs too.</summary>
    public IReadOnlySet<Node> Nodes => _nodes;

    /// <summary>The values of the part, the given ones among them.</summary>
    public IReadOnlySet<Value> Values => _values;

    /// <summary>
    /// What can change when these values change. A subgraph's captures count as reads, and a loop whose body changes
    /// changes what its body reads in the next iteration.
    /// </summary>
    /// <param name="graph">The main graph that the values, or subgraphs around them, are in.</param>
    /// <param name="values">The values that change.</param>
    public static Cone After(Graph graph, params IEnumerable<Value> values)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(values);
        var cone = new Cone(values);
        var returned = Returned(graph);
        while (cone._open.TryPop(out var value))
        {
            foreach (var use in value.Uses)
                cone.Reach(use.Node);
            foreach (var owner in returned[value])
                cone.Reach(owner);
        }

        return cone;
    }

    /// <summary>
    /// What these values need, constants and graph inputs included. A node needs what its subgraphs need to compute
    /// their outputs; a node in a subgraph needs the node that holds the subgraph.
    /// </summary>
    /// <param name="values">The values that are wanted.</param>
    /// <param name="cuts">
    /// Values that come from elsewhere: they are included, but not what they are computed from. None when null.
    /// </param>
    public static Cone Before(IEnumerable<Value> values, IReadOnlySet<Value>? cuts = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        var cone = new Cone(values);
        while (cone._open.TryPop(out var value))
        {
            if (value.Producer is { } producer && cuts?.Contains(value) is not true)
                cone.Need(producer);
        }

        return cone;
    }

    // A subgraph's outputs are not reads of nodes, so the nodes that they leave through are listed.
    private static ILookup<Value, Node> Returned(Graph graph) =>
        graph
            .AllNodes()
            .SelectMany(node => node.Subgraphs.SelectMany(body => body.Outputs), (node, output) => (node, output))
            .ToLookup(entry => entry.output, entry => entry.node);

    // A body's inputs get the node's inputs, or the outputs of the iteration before.
    private void Reach(Node node)
    {
        if (!_nodes.Add(node))
            return;
        foreach (var output in node.Outputs)
            Meet(output);
        foreach (var input in node.Subgraphs.SelectMany(body => body.Inputs))
            Meet(input);
    }

    private void Need(Node producer)
    {
        for (var node = producer; node is not null && _nodes.Add(node); node = node.Graph?.Owner)
        {
            foreach (var input in node.Inputs)
                Meet(input);
            foreach (var output in node.Subgraphs.SelectMany(body => body.Outputs))
                Meet(output);
        }
    }

    private void Meet(Value? value)
    {
        if (value is not null && _values.Add(value))
            _open.Push(value);
    }
}
