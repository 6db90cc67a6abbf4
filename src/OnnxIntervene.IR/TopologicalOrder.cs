namespace OnnxIntervene.IR;

/// <summary>
/// Orders nodes so that each comes after what it reads, as ONNX requires, and otherwise keeps the order.
/// </summary>
internal static class TopologicalOrder
{
    // Few nodes hold graphs; the others share this list, which is never added to.
    private static readonly List<Node> s_none = [];

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
        if (Find(graph, out var order) is { } onCycle)
            return onCycle;
        if (order is not null)
            graph.Reorder(order);
        return null;
    }

    /// <summary>
    /// The nodes in order, null where they are in order already. Returns a node that is on a cycle, or null when there
    /// is none.
    /// </summary>
    public static Node? Find(Graph graph, out List<Node>? order)
    {
        order = null;
        if (IsSorted(graph))
            return null;
        var states = new Dictionary<Node, State>(graph.NodeCount);
        order = new List<Node>(graph.NodeCount);
        foreach (var node in graph.Nodes)
        {
            if (Visit(graph, node, states, order) is { } onCycle)
                return onCycle;
        }

        return null;
    }

    private static bool IsSorted(Graph graph)
    {
        var seen = new HashSet<Node>(graph.NodeCount);
        foreach (var node in graph.Nodes)
        {
            var captured = Captures(graph, node);
            for (var index = 0; NeedAt(node, ref index, captured, graph) is { } need; index++)
            {
                if (!seen.Contains(need))
                    return false;
            }

            seen.Add(node);
        }

        return true;
    }

    // A file may chain any number of nodes, so the walk uses its own stack instead of recursion.
    private static Node? Visit(Graph graph, Node start, Dictionary<Node, State> states, List<Node> order)
    {
        var stack = new Stack<(Node Node, List<Node> Captured, int Next)>();
        if (states.GetValueOrDefault(start) == State.Unseen)
            Open(start);
        while (stack.TryPop(out var top))
        {
            var index = top.Next;
            if (NeedAt(top.Node, ref index, top.Captured, graph) is not { } need)
            {
                states[top.Node] = State.Done;
                order.Add(top.Node);
                continue;
            }

            stack.Push(top with { Next = index + 1 });
            var state = states.GetValueOrDefault(need);
            if (state == State.Open)
                return need;
            if (state == State.Unseen)
                Open(need);
        }

        return null;

        void Open(Node node)
        {
            states[node] = State.Open;
            stack.Push((node, Captures(graph, node), 0));
        }
    }

    // The next node, from an index on, that a node needs before it: the producers of its inputs, and of what its
    // subgraphs capture.
    private static Node? NeedAt(Node node, ref int index, List<Node> captured, Graph graph)
    {
        for (; index < node.Inputs.Count; index++)
        {
            if (node.Inputs[index]?.Producer is { } producer && producer.Graph == graph)
                return producer;
        }

        return index - node.Inputs.Count < captured.Count ? captured[index - node.Inputs.Count] : null;
    }

    private static List<Node> Captures(Graph graph, Node node)
    {
        List<Node>? captured = null;
        foreach (var subgraph in node.Subgraphs)
            (captured ??= []).AddRange(Producers(subgraph).Where(producer => producer.Graph == graph));
        return captured ?? s_none;
    }

    private static IEnumerable<Node> Producers(Graph subgraph) =>
        subgraph
            .AllNodes()
            .SelectMany(node => node.Inputs)
            .Concat(subgraph.Outputs)
            .Select(value => value?.Producer)
            .OfType<Node>();
}
