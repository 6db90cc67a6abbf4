using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>Finds every broken rule of a model's graphs: names, order, reads, domains, constants.</summary>
public static class GraphVerifier
{
    /// <summary>Every fault with its place; empty when the model is well formed. O(nodes).</summary>
    public static ImmutableArray<string> FindFaults(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var faults = ImmutableArray.CreateBuilder<string>();
        if (model.IrVersion is < 1 or > Model.NewestIrVersion)
            faults.Add($"The IR version is {model.IrVersion}; 1 to {Model.NewestIrVersion} are known.");
        var functions = model
            .Functions.GroupBy(function => (function.Key, function.Overload))
            .ToDictionary(group => group.Key, group => group.First());
        var keys = model.Functions.Select(function => function.Key).ToHashSet();
        Check(model.OperatorSets, model.Graph);
        foreach (var function in model.Functions)
            Check(function.OperatorSets, function.Body);
        return faults.ToImmutable();

        void Check(ImmutableSortedDictionary<string, long> operatorSets, Graph graph) =>
            new GraphScope(operatorSets, functions, new OperatorCheck(operatorSets, keys), faults).Check(graph);
    }

    /// <summary>Throws when the model has a fault.</summary>
    /// <exception cref="InvalidGraphException">With every fault.</exception>
    public static void Verify(Model model)
    {
        var faults = FindFaults(model);
        if (faults.Length > 0)
            throw new InvalidGraphException(faults);
    }
}
