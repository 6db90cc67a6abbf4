namespace OnnxIntervene.IR;

/// <summary>
/// Orders nodes so that each comes after what it reads, as ONNX demands, and keeps the rest of the order.
/// </summary>
internal static class TopologicalOrder
{
    private enum State
    {
        Unseen,
        Open,
        Done,
    }

    /// <summary>
    /// Sorts the graph; subgraphs are not entered. Returns a node that is on a cycle, or null when there is none.
    /// </summary>
    public static Node? Sort(Graph graph)
    {
        if (IsSorted(graph))
            return null;
        var states = new Dictionary<Node, State>();
        var order = new List<Node>(graph.NodeCount);
        foreach (var node in graph.Nodes)
        {
            if (Visit(graph, node, states, order) is { } onCycle)
                return onCycle;
        }

        graph.Reorder(order);
        return null;
    }

    private static bool IsSorted(Graph graph)
    {
        var seen = new HashSet<Node>();
        foreach (var node in graph.Nodes)
        {
            foreach (var producer in Dependencies(graph, node))
            {
                if (!seen.Contains(producer))
                    return false;
            }

            seen.Add(node);
        }

        return true;
    }

    // A file may chain any number of nodes, so the walk keeps its own stack.
    private static Node? Visit(Graph graph, Node start, Dictionary<Node, State> states, List<Node> order)
    {
        var stack = new Stack<(Node Node, IEnumerator<Node> Needs)>();
        if (states.GetValueOrDefault(start) == State.Unseen)
            Open(start);
        while (stack.TryPeek(out var top))
        {
            if (!top.Needs.MoveNext())
            {
                stack.Pop();
                states[top.Node] = State.Done;
                order.Add(top.Node);
                continue;
            }

            var state = states.GetValueOrDefault(top.Needs.Current);
            if (state == State.Open)
                return top.Needs.Current;
            if (state == State.Unseen)
                Open(top.Needs.Current);
        }

        return null;

        void Open(Node node)
        {
            states[node] = State.Open;
            stack.Push((node, Dependencies(graph, node).GetEnumerator()));
        }
    }

    // What a node needs before it: the producers of its inputs and of what its subgraphs capture.
    private static IEnumerable<Node> Dependencies(Graph graph, Node node)
    {
        foreach (var input in node.Inputs)
        {
            if (input?.Producer is { } producer && producer.Graph == graph)
                yield return producer;
        }

        foreach (var captured in node.Subgraphs.SelectMany(Captures))
        {
            if (captured.Graph == graph)
                yield return captured;
        }
    }

    private static IEnumerable<Node> Captures(Graph subgraph) =>
        subgraph
            .AllNodes()
            .SelectMany(node => node.Inputs)
            .Concat(subgraph.Outputs)
            .Select(value => value?.Producer)
            .OfType<Node>();
}
