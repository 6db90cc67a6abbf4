namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Writes the nodes of local functions where they are called. A function is shared by all its calls, so that nothing
/// inside it belongs to one layer; inlined, each call has separate nodes and values, named after the call.
/// </summary>
public static class FunctionInliner
{
    // ONNX Runtime has the same limit.
    private const int MostNodes = 1_000_000;

    /// <summary>
    /// A copy of the model without calls; the model itself where it has no functions. It computes the same, bit for
    /// bit. A function written for other operator sets than the model's stays a function, since its nodes would mean
    /// something else outside. O(nodes).
    /// </summary>
    /// <exception cref="ModelFormatException">
    /// Functions call each other in a cycle, or grow beyond a million nodes; or a call sets an attribute that no node
    /// inside can take.
    /// </exception>
    public static Model Inline(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Functions.IsEmpty)
            return model;
        var copy = model.Copy();
        if (
            copy
                .Functions.GroupBy(function => (function.Key, function.Overload))
                .FirstOrDefault(group => group.Count() > 1) is
            { } twice
        )
            throw new ModelFormatException($"The model defines the function {twice.Key.Key} twice.");
        var functions = copy
            .Functions.Where(function => Fits(function, copy))
            .ToDictionary(function => (function.Key, function.Overload));
        if (new FunctionSizes(functions).Of(copy.Graph) > MostNodes)
            throw new ModelFormatException($"Written out, the model's functions have more than {MostNodes} nodes.");
        foreach (
            var set in functions
                .Values.SelectMany(function => function.OperatorSets)
                .Where(set => !copy.OperatorSets.ContainsKey(set.Key))
        )
            copy.OperatorSets = copy.OperatorSets.Add(set.Key, set.Value);
        var names = NameScope.Of(copy);
        Inline(copy.Graph.Nodes);
        copy.Functions =
        [
            .. copy.Functions.Where(function => !functions.ContainsKey((function.Key, function.Overload))),
        ];
        // What a call sets is known only where it is written out.
        OperatorCheck.Verify(copy, copy.FilePath ?? "model");
        return copy;

        void Inline(IEnumerable<Node> nodes)
        {
            foreach (var node in nodes.ToList())
            {
                foreach (var subgraph in node.Subgraphs)
                    Inline(subgraph.Nodes);
                if (functions.TryGetValue((node.Operator, node.Overload), out var function))
                    Inline(FunctionCall.Expand(node, function, names));
            }
        }
    }

    /// <summary>Whether <see cref="Inline"/> would leave the model as it is.</summary>
    public static bool IsInlined(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return !model.Functions.Any(function => Fits(function, model));
    }

    private static bool Fits(LocalFunction function, Model model) =>
        function.OperatorSets.All(set => model.OperatorSets.GetValueOrDefault(set.Key, set.Value) == set.Value);
}
