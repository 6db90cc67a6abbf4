using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Weights in files that nodes only give another shape, as exporters do where an embedding and the product with the
/// vocabulary's matrix share one. ONNX Runtime would compute such a node once, and keep a copy of the weight.
/// </summary>
internal static class ReshapedConstants
{
    /// <summary>
    /// Puts constants of the other shape over the same bytes of the file in place of the nodes of the main graph.
    /// Outputs of the model stay as they are. O(nodes).
    /// </summary>
    public static void Fold(Model model)
    {
        var (graph, types) = (model.Graph, new TypeInference());
        foreach (var node in graph.Nodes.Where(node => IsReshaped(graph, node)).ToList())
        {
            var (weight, output) = (node.Inputs[0]!, node.Output);
            var data = weight.Initializer!;
            if (
                GraphConstants.Dimensions(output, types) is not { } sizes
                || SizeProduct.Of(sizes.AsSpan()) != data.Count
            )
                continue;
            output.ReplaceUses(
                graph.AddInitializer(output.Name, TensorData.FromFile(data.ElementType, sizes.AsSpan(), data.Span!))
            );
            graph.Remove(node);
            if (weight.Uses.Count == 0 && !graph.IsOutput(weight))
                graph.RemoveInitializers(new HashSet<Value> { weight });
        }
    }

    private static bool IsReshaped(Graph graph, Node node) =>
        node.Operator.Domain.Length == 0
        && node.Operator.OperatorType is "Reshape" or "Squeeze" or "Unsqueeze" or "Flatten"
        && node.InputOrNull(0) is { Initializer.Span: not null } weight
        && !graph.IsInput(weight)
        && !graph.IsOutput(node.Output);
}
