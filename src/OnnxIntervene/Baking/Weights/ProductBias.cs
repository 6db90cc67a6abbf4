using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>The bias of operators that multiply with a matrix and add a vector.</summary>
internal static class ProductBias
{
    /// <summary>The input that is the bias, whether the node has one or not; null for operators without.</summary>
    public static int? InputOf(Node product) =>
        product.Operator.OperatorType switch
        {
            "Gemm" or "Attention" => 2,
            "DynamicQuantizeMatMul" => 4,
            "MatMulNBits" => 5,
            "MatMulIntegerToFloat" => 6,
            _ => null,
        };
}
