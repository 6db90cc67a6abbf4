using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Finds components by what a graph computes, whatever its names: residual additions, norms, the two products around a softmax, fused
/// attention. Of several stacks the last that attends to itself is the model's own: the decoder of a pair, the encoder that looks at
/// another.
/// </summary>
internal static class StructureSearch
{
    public static ImmutableArray<ImmutableArray<Component>> Run(Model model)
    {
        var view = new OpenedView(model);
        return Run(view, view.Graph);
    }

    public static ImmutableArray<ImmutableArray<Component>> Run(OpenedView view, Graph graph)
    {
        var ranks = new Ranks();
        var layers = new LinearLayers(graph, ranks);
        var tracer = new StreamTracer(graph, [.. AttentionCore.All(graph)], layers);
        var stacks = Stack.All(graph, layers, tracer).ToList();
        if ((stacks.FindLast(stack => stack.HasAttention) ?? stacks.LastOrDefault()) is not { } stack)
            return [];
        var convention = Convention.Of(stack, layers);
        return [.. stack.Layers.Select((parts, index) => LayerAnatomy.Of(view, ranks, layers, convention, index, parts))];
    }
}
