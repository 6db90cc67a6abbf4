using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.IR.Editing;

/// <summary>Removes from a graph what its outputs do not need. O(nodes + reads).</summary>
public static class DeadCode
{
    /// <summary>
    /// Removes nodes and constants that no output needs, in subgraphs too, and leaves out optional outputs of nodes
    /// that nothing reads. Inputs stay, and so do their defaults: see <see cref="RemoveUnusedInputs"/>. Returns how
    /// many nodes of the graph itself were removed.
    /// </summary>
    public static int Remove(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var before = graph.NodeCount;
        Sweep(graph, Cone.Before(graph.Outputs));
        return before - graph.NodeCount;
    }

    /// <summary>
    /// Removes inputs, with their defaults, that no node reads and that are not outputs. Not for a subgraph, whose
    /// inputs the node that holds it counts.
    /// </summary>
    public static void RemoveUnusedInputs(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var unused = graph.Inputs.Where(input => input.Uses.Count == 0).Except(graph.Outputs).ToHashSet();
        graph.RemoveInputs(unused);
        graph.RemoveInitializers(unused);
    }

    /// <summary>Makes values the outputs of a model, and removes all that they do not need.</summary>
    internal static void LeaveOnly(Model model, IReadOnlyList<Value> outputs)
    {
        model.Graph.SetOutputs(outputs);
        Remove(model.Graph);
        RemoveUnusedInputs(model.Graph);
        GraphOrder.Sort(model.Graph);
        GraphVerifier.Verify(model);
    }

    private static void Sweep(Graph graph, Cone needed)
    {
        var dead = graph.Nodes.Where(node => !needed.Nodes.Contains(node)).ToList();
        foreach (var node in dead)
            Detach(node);
        foreach (var node in dead)
            graph.Remove(node);
        foreach (var node in graph.Nodes)
        {
            LeaveOutUnused(node, needed);
            foreach (var subgraph in node.Subgraphs)
                Sweep(subgraph, needed);
        }

        graph.RemoveInitializers(
            graph.Initializers.Where(value => !needed.Values.Contains(value)).Except(graph.Inputs).ToHashSet()
        );
    }

    // What a subgraph captures is read by nodes inside it, which are removed with the node that holds it.
    private static void Detach(Node node)
    {
        node.DropInputs();
        foreach (var inner in node.Subgraphs.SelectMany(subgraph => subgraph.AllNodes()))
            inner.DropInputs();
    }

    private static void LeaveOutUnused(Node node, Cone needed)
    {
        for (var index = FirstOptional(node); index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output && !needed.Values.Contains(output))
                node.LeaveOut(index);
        }
    }

    // The first output from which all are optional (ONNX, docs/Operators.md; ONNX Runtime, docs/ContribOperators.md).
    // Others, among them attention's caches, are counted by kernels even when nothing reads them.
    private static int FirstOptional(Node node) =>
        (node.Operator.Domain, node.Operator.OperatorType) switch
        {
            ("", "GRU" or "LSTM" or "RNN") => 0,
            ("", "Dropout" or "LayerNormalization" or "SimplifiedLayerNormalization" or "MaxPool" or "Unique") => 1,
            (OperatorKey.Microsoft, "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization") => 1,
            _ => int.MaxValue,
        };
}
