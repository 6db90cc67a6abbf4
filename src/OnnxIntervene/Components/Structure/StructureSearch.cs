using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Finds components by what a graph computes, whatever its names: residual additions, norms, the two products around a
/// softmax, fused attention. Of several stacks the last that attends to itself is the model's own: the decoder of a
/// pair, the encoder that looks at another.
/// </summary>
internal static class StructureSearch
{
    public static ImmutableArray<ImmutableArray<Component>> Run(Model model)
    {
        var view = new OpenedView(model);
        var found = Run(view, view.Graph);
        if (found.IsEmpty)
            found = RunBranches(view);
        if (found.IsEmpty)
            found = RecurrentFinder.Run(view);
        return found.IsEmpty ? PerceptronFinder.Run(view, new LinearLayers(view.Graph, new TypeInference())) : found;
    }

    // A merged decoder holds the whole model twice, in the branches of one If.
    private static ImmutableArray<ImmutableArray<Component>> RunBranches(OpenedView view)
    {
        foreach (var owner in view.Graph.Nodes.Where(node => node.Operator.OperatorType == "If"))
        {
            var branches = owner.Subgraphs.Select(graph => Run(view, graph)).ToList();
            if (
                branches.Count > 0
                && branches[0].Length > 0
                && branches.TrueForAll(branch => branch.Length == branches[0].Length)
            )
                return
                [
                    .. branches[0]
                        .Select(
                            (layer, index) =>
                                InAll(view.Original(owner), layer, [.. branches.Select(branch => branch[index])])
                        ),
                ];
        }

        return [];
    }

    private static ImmutableArray<Component> InAll(
        Node owner,
        ImmutableArray<Component> layer,
        ImmutableArray<ImmutableArray<Component>> branches
    )
    {
        var all = ImmutableArray.CreateBuilder<Component>();
        foreach (var component in layer)
        {
            var same = branches
                .Select(branch => branch.FirstOrDefault(other => other.Address == component.Address))
                .OfType<Component>()
                .ToList();
            if (
                same.Count == branches.Length
                && same.TrueForAll(other => other.Width == component.Width && other.Heads == component.Heads)
            )
                all.Add(component with { Source = new BranchSource(owner, [.. same.Select(other => other.Source)]) });
        }

        return all.ToImmutable();
    }

    private static ImmutableArray<ImmutableArray<Component>> Run(OpenedView view, Graph graph)
    {
        var types = new TypeInference();
        var layers = new LinearLayers(graph, types);
        var tracer = new StreamTracer(graph, [.. AttentionCore.All(graph)], layers);
        var stacks = Stack.All(graph, layers, tracer).ToList();
        if (Stack.Main(stacks) is not { } stack)
            return [];
        var convention = Convention.Of(stack, layers);
        return
        [
            .. stack.Layers.Select((parts, index) => LayerAnatomy.Of(view, types, layers, convention, index, parts)),
        ];
    }
}
