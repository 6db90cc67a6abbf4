using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// Opens ONNX Runtime's FusedMatMul: a product of tensors whose last axes may be swapped, times a number (ONNX Runtime,
/// docs/ContribOperators.md).
/// </summary>
internal static class FusedProductOpening
{
    /// <summary>Why a node cannot be opened; null where it can.</summary>
    public static string? Refusal(Node node)
    {
        if (IsSet(node, "transBatchA") || IsSet(node, "transBatchB"))
            return "transposes the batch axes";
        var types = new TypeInference();
        return
            (IsSet(node, "transA") && !(types.RankOf(node.Inputs[0]!) >= 2))
            || (IsSet(node, "transB") && !(types.RankOf(node.Inputs[1]!) >= 2))
            ? "swaps axes of a tensor of unknown shape"
            : null;
    }

    public static OpenedValues Open(GraphEditor editor, Node node)
    {
        var ops = new NumberBuilder(editor, node);
        var product = ops.Emit("MatMul", Side(ops, node, 0, "transA"), Side(ops, node, 1, "transB"));
        var factor = node.FindAttribute("alpha")?.Float ?? 1;
        editor.Replace(node.Output, factor == 1 ? product : ops.Mul(product, ops.Number(factor)));
        return new OpenedValues();
    }

    private static Value Side(NumberBuilder ops, Node node, int input, string name)
    {
        var value = node.Inputs[input]!;
        if (!IsSet(node, name))
            return value;
        var order = Enumerable.Range(0, new TypeInference().RankOf(value)!.Value).Select(axis => (long)axis).ToArray();
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return ops.Transpose(value, order);
    }

    private static bool IsSet(Node node, string name) => node.FindAttribute(name) is { Integer: not 0 };
}
