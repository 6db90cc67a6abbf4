using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Gradients;

/// <summary>
/// Trades time for memory (Chen et al. 2016): what the way back reads of the way forward is computed a second time,
/// from values that are kept every few layers, when the way back has come there.
/// </summary>
internal static class Recomputation
{
    /// <summary>What the names of nodes begin with that are computed a second time.</summary>
    public const string Place = "again";

    /// <summary>Changes what the nodes of the way back read. O(nodes × segments).</summary>
    /// <param name="ops">Writes the nodes.</param>
    /// <param name="forward">The nodes of the way forward.</param>
    /// <param name="kept">Values of the residual stream that are kept, from the first layer on.</param>
    /// <param name="gradients">The gradient of each value.</param>
    public static void Apply(
        OpBuilder ops,
        IReadOnlySet<Node> forward,
        IReadOnlyList<Value> kept,
        IReadOnlyDictionary<Value, Value> gradients
    )
    {
        // Behind the last kept value everything is read at once.
        for (var index = 0; index + 1 < kept.Count; index++)
        {
            if (gradients.TryGetValue(kept[index + 1], out var gradient))
                Apply(ops, forward, kept[index], kept[index + 1], gradient);
        }
    }

    /// <summary>Whether a node is computed a second time.</summary>
    public static bool IsRepeated(Node node) =>
        node.Outputs.Any(output =>
            output?.Name.StartsWith($"{NameScope.Prefix}{Place}/", StringComparison.Ordinal) is true
        );

    private static void Apply(OpBuilder ops, IReadOnlySet<Node> forward, Value start, Value end, Value gradient)
    {
        var after = Cone.After(ops.Graph, start).Nodes;
        var segment = GraphOrder
            .Of(ops.Graph)
            .Where(node => forward.Contains(node) && after.Contains(node) && !node.Subgraphs.Any())
            .ToList();
        segment = [.. segment.Where(Cone.Before([end], ImmutableHashSet.Create(start)).Nodes.Contains)];
        var values = segment.SelectMany(node => node.Outputs).OfType<Value>().Where(value => value != end).ToList();
        var read = values.Where(value => IsReadBack(value, forward)).ToList();
        if (read.Count == 0)
            return;
        // Nothing of it can be computed before the gradient is there: its shape is that of the kept value.
        var copies = new Dictionary<Value, Value> { [start] = ops.Reshape(start, ops.ShapeOf(gradient)) };
        var needed = Cone.Before(read, ImmutableHashSet.Create(start)).Nodes;
        foreach (var node in segment.Where(needed.Contains))
            Copy(ops, node, copies);
        foreach (var value in read)
            Redirect(value, copies[value], forward, copies);
    }

    private static bool IsReadBack(Value value, IReadOnlySet<Node> forward) =>
        value.Uses.Any(use => !forward.Contains(use.Node));

    private static void Copy(OpBuilder ops, Node node, Dictionary<Value, Value> copies)
    {
        var outputs = ops.EmitMany(
            node.Operator.Name,
            node.Inputs.Select(input => input is null ? null : copies.GetValueOrDefault(input, input)),
            node.Attributes,
            node.Operator.Domain,
            node.Outputs.Count
        );
        for (var index = 0; index < outputs.Length; index++)
        {
            if (node.Outputs[index] is not { } original)
                continue;
            outputs[index].Type = original.Type;
            copies.Add(original, outputs[index]);
        }
    }

    // The copies themselves go on reading the kept value's copy.
    private static void Redirect(Value value, Value copy, IReadOnlySet<Node> forward, Dictionary<Value, Value> copies)
    {
        var own = copies.Values.Select(made => made.Producer).OfType<Node>().ToHashSet();
        foreach (var use in value.Uses.Where(use => !forward.Contains(use.Node) && !own.Contains(use.Node)).ToList())
            use.Node.SetInput(use.InputIndex, copy);
    }
}
