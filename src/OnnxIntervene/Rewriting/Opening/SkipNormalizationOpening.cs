using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// Opens ONNX Runtime's Skip(Simplified)LayerNormalization into the addition and the norm that it fuses, so that the
/// sum between them can be changed (ONNX Runtime, docs/ContribOperators.md).
/// </summary>
internal static class SkipNormalizationOpening
{
    private const int MeanOutput = 1;

    /// <summary>Puts the opened form in the node's place and returns the sum and the part that is added.</summary>
    public static OpenedValues Open(GraphEditor editor, Node node)
    {
        var ops = editor.Builder($"{node.Name}/opened", node.Graph);
        var isSimplified = FusedOperators.IsSimplified(node);
        var isFirst = FusedOperators.PartIsFirst(node);
        var (stream, part) = (node.Inputs[isFirst ? 1 : 0]!, node.Inputs[isFirst ? 0 : 1]!);
        if (FusedOperators.SkipBias(node) is { } bias)
        {
            part = ops.Add(part, bias);
            part.Type = node.Output.Type;
        }

        var sum = ops.Add(stream, part);
        sum.Type = node.OutputOrNull(FusedOperators.SumOutput)?.Type ?? node.Output.Type;
        var norm = isSimplified
            ? ops.Emit("SimplifiedLayerNormalization", [sum, node.Inputs[2]], Settings(node))
            : ops.Emit("LayerNormalization", [sum, node.Inputs[2], node.InputOrNull(3)], Settings(node));
        editor.Replace(node.Output, norm);
        if (node.OutputOrNull(FusedOperators.SumOutput) is { } old)
            editor.Replace(old, sum);
        return new OpenedValues { Sum = sum, Part = part };
    }

    /// <summary>Why a node cannot be opened; null where it can.</summary>
    public static string? Refusal(Node node) =>
        node.OutputOrNull(MeanOutput) is null && node.OutputOrNull(2) is null
            ? null
            : "outputs the mean or the variance too";

    private static IEnumerable<NodeAttribute> Settings(Node node) =>
        [NodeAttribute.Of("axis", -1L), NodeAttribute.Of("epsilon", node.FindAttribute("epsilon")?.Float ?? 1e-5f)];
}
