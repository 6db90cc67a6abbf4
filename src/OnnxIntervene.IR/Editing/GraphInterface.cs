namespace OnnxIntervene.IR.Editing;

/// <summary>Changes a graph's inputs and outputs.</summary>
public static class GraphInterface
{
    /// <summary>
    /// Removes outputs. What computed them stays until <see cref="DeadCode.Remove"/>. Values that are not outputs are
    /// ignored.
    /// </summary>
    public static void RemoveOutputs(this Graph graph, params IEnumerable<Value> outputs)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(outputs);
        var removed = outputs.ToHashSet();
        graph.SetOutputs([.. graph.Outputs.Where(output => !removed.Contains(output))]);
    }

    /// <summary>Makes a constant an input that every run must give; its content is dropped.</summary>
    /// <exception cref="ArgumentException">The value is not a constant of this graph.</exception>
    public static void MakeInput(this Graph graph, Value constant)
    {
        ArgumentNullException.ThrowIfNull(graph);
        List(graph, constant);
        graph.RemoveInitializers(new HashSet<Value> { constant });
        (constant.Initializer, constant.SparseInitializer) = (null, null);
    }

    /// <summary>
    /// Makes a constant of the main graph an input that runs may feed or leave out, its content being the default. The
    /// IR version is raised to 4, the first with such inputs.
    /// </summary>
    /// <exception cref="ArgumentException">The value is not a constant of the main graph.</exception>
    public static void MakeOverridable(this Model model, Value constant)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.RaiseIrVersion(4);
        List(model.Graph, constant);
    }

    // A constant may be listed already: every one is before IR version 4.
    private static void List(Graph graph, Value constant)
    {
        ArgumentNullException.ThrowIfNull(constant);
        if (!graph.Initializers.Contains(constant))
            throw new ArgumentException($"{constant} is no constant of {graph}.", nameof(constant));
        if (!graph.IsInput(constant))
            graph.AddInput(constant);
    }
}
