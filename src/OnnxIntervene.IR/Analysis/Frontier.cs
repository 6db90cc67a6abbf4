using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// The values that must be kept from a whole run, so that only what can change has to be computed again.
/// </summary>
public static class Frontier
{
    // These draw new numbers each time: computed twice, they would differ.
    private static readonly ImmutableHashSet<string> s_random =
    [
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Multinomial",
        "Bernoulli",
    ];

    /// <summary>
    /// The values that cross into what changes: read by nodes that <paramref name="changed"/> reaches and that
    /// <paramref name="outputs"/> need, but computed by others; in the graph's order. The changed values are among them
    /// unless another changed value reaches them. Graph inputs and what is computed from constants alone do not cross:
    /// both exist on either side. An output that nothing changes crosses itself. O(nodes + reads).
    /// </summary>
    /// <param name="model">The model, its nodes in topological order.</param>
    /// <param name="changed">The values that will be replaced or intervened on.</param>
    /// <param name="outputs">The values that are wanted.</param>
    public static ImmutableArray<Value> Of(Model model, IEnumerable<Value> changed, IEnumerable<Value> outputs)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(changed);
        ArgumentNullException.ThrowIfNull(outputs);
        var after = Cone.After(model.Graph, changed).Nodes;
        var constants = Constants(model);
        var given = model
            .Graph.Nodes.Where(node => !after.Contains(node))
            .SelectMany(node => node.Outputs.OfType<Value>())
            .Where(value => !constants.Contains(value))
            .ToList();
        var needed = Cone.Before(outputs, given.ToHashSet()).Values;
        return [.. given.Where(needed.Contains)];
    }

    // Every value that is the same in each run. A default that the caller may replace is not one; before IR version 4
    // the caller may not.
    private static HashSet<Value> Constants(Model model)
    {
        var constants = model.Graph.Initializers.ToHashSet();
        if (model.IrVersion >= 4)
            constants.ExceptWith(model.Graph.Inputs);
        foreach (var node in model.Graph.Nodes)
        {
            if (IsConstant(node, constants))
                constants.UnionWith(node.Outputs.OfType<Value>());
        }

        return constants;
    }

    // Subgraphs may capture anything, so a node that has some is taken to vary.
    private static bool IsConstant(Node node, HashSet<Value> constants) =>
        node.Inputs.All(input => input is null || constants.Contains(input))
        && !s_random.Contains(node.Operator.OperatorType)
        && !node.Subgraphs.Any();
}
