using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Opens ONNX Runtime's Skip(Simplified)LayerNormalization into the addition and the norm that it fuses, so that the sum between them can
/// be changed (ONNX Runtime, docs/ContribOperators.md).
/// </summary>
internal static class SkipNormalizationOpening
{
    private const int MeanOutput = 1;
    private const int SumOutput = 3;

    /// <summary>Replaces the node and returns the sum.</summary>
    public static Value Open(GraphEditor editor, Node node)
    {
        if (node.OutputOrNull(MeanOutput) is not null || node.OutputOrNull(2) is not null)
            throw new InterventionException($"{node} gives the mean or the variance too, so that it cannot be opened.");
        var ops = editor.Builder($"{node.Name}/opened");
        var isSimplified = node.Operator.OperatorType == "SkipSimplifiedLayerNormalization";
        var sum = ops.Add(node.Inputs[0]!, node.Inputs[1]!);
        if (node.InputOrNull(isSimplified ? 3 : 4) is { } bias)
            sum = ops.Add(sum, bias);
        sum.Type = node.OutputOrNull(SumOutput)?.Type ?? node.Output.Type;
        var norm = isSimplified
            ? ops.Emit("SimplifiedLayerNormalization", [sum, node.Inputs[2]], Settings(node))
            : ops.Emit("LayerNormalization", [sum, node.Inputs[2], node.InputOrNull(3)], Settings(node));
        editor.Replace(node.Output, norm);
        if (node.OutputOrNull(SumOutput) is { } old)
            editor.Replace(old, sum);
        editor.Graph.Remove(node);
        return sum;
    }

    private static IEnumerable<NodeAttribute> Settings(Node node) =>
    [
        NodeAttribute.Of("axis", -1L),
        NodeAttribute.Of("epsilon", node.FindAttribute("epsilon")?.Float ?? 1e-5f),
    ];
}
