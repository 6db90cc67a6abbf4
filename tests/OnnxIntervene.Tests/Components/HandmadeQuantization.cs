namespace OnnxIntervene.Tests.Components;

/// <summary>How quantised products are written.</summary>
public enum HandmadeQuantization
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>ONNX Runtime's dynamic quantisation: both scales are multiplied, then the product by them.</summary>
    Dynamic,

    /// <summary>The same, one scale after the other.</summary>
    DynamicTwice,

    /// <summary>Dividing, rounding and clipping by operators of their own.</summary>
    Written,

    /// <summary>ONNX Runtime's MatMulIntegerToFloat.</summary>
    ToFloat,

    /// <summary>ONNX Runtime's DynamicQuantizeMatMul.</summary>
    OneOperator,

    /// <summary>QLinearMatMul between QuantizeLinear and DequantizeLinear.</summary>
    Static,

    /// <summary>Inputs, weights and outputs go through QuantizeLinear and DequantizeLinear.</summary>
    Rounded,

    /// <summary>Weights alone, with a scale for each block of rows.</summary>
    Blocks,
}
