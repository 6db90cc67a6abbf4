using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>Whether a model computes an example, or a position, from that example or position alone.</summary>
internal static class RowMixing
{
    // Their scales come from all rows together, so that a row would change the others' numbers.
    private static readonly string[] s_operators =
    [
        "DynamicQuantizeLinear",
        "DynamicQuantizeMatMul",
        "BatchNormalization",
    ];

    /// <summary>A node that computes with all rows of a batch together; null where rows are independent.</summary>
    public static Node? FindNode(Model model) =>
        model.Graph.AllNodes().FirstOrDefault(node => s_operators.Contains(node.Operator.Name));
}
