using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Products with a matrix of small integers, as quantisers write them.</summary>
internal static class QuantizedProducts
{
    private const float ActivationScale = 0.05f;
    private const int Block = 8;

    public static Value Product(this HandmadeQuantization form, OpBuilder ops, Value value, TensorData matrix)
    {
        if (form == HandmadeQuantization.None)
            return ops.Emit("MatMul", [value, ops.Graph.Initializers.Last(item => item.Initializer == matrix)]);
        var (weight, scale) = Quantized(ops, matrix);
        switch (form)
        {
            case HandmadeQuantization.Dynamic:
                var input = Dynamic(ops, value);
                return ops.Mul(
                    Float(ops, ops.Emit("MatMulInteger", [input[0], weight, input[2]])),
                    ops.Mul(input[1], scale)
                );
            case HandmadeQuantization.DynamicTwice:
                var other = Dynamic(ops, value);
                var product = Float(ops, ops.Emit("MatMulInteger", [other[0], weight, other[2]]));
                return ops.Mul(ops.Mul(product, other[1]), scale);
            case HandmadeQuantization.Written:
                return Written(ops, value, weight, scale);
            case HandmadeQuantization.ToFloat:
                var given = Dynamic(ops, value);
                return ops.Emit(
                    "MatMulIntegerToFloat",
                    [given[0], weight, given[1], scale, given[2]],
                    [],
                    OperatorKey.Microsoft
                );
            case HandmadeQuantization.OneOperator:
                return ops.Emit("DynamicQuantizeMatMul", [value, weight, scale], [], OperatorKey.Microsoft);
            case HandmadeQuantization.Static:
                return Static(ops, value, weight, scale);
            case HandmadeQuantization.Rounded:
                return Rounded(ops, ops.Emit("MatMul", [Rounded(ops, value), Dequantized(ops, weight, scale)]));
            default:
                return ops.Emit("MatMul", [value, InBlocks(ops, matrix)]);
        }
    }

    private static Value Rounded(OpBuilder ops, Value value)
    {
        var (scale, zero) = (Number(ops, ActivationScale), Zero(ops));
        return Dequantized(ops, ops.Emit("QuantizeLinear", [value, scale, zero]), scale, zero);
    }

    private static Value Static(OpBuilder ops, Value value, Value weight, Value scale)
    {
        var (given, zero) = (Number(ops, ActivationScale), Zero(ops));
        var product = ops.Emit(
            "QLinearMatMul",
            [ops.Emit("QuantizeLinear", [value, given, zero]), given, zero, weight, scale, zero, given, zero]
        );
        return Dequantized(ops, product, given, zero);
    }

    private static Value Written(OpBuilder ops, Value value, Value weight, Value scale)
    {
        var largest = ops.Emit(
            "ReduceMax",
            [ops.Emit("Abs", [value])],
            [NodeAttribute.Of("axes", ImmutableArray.Create(-1L))]
        );
        var own = ops.Emit("Div", [largest, Number(ops, 127)]);
        var rounded = ops.Emit(
            "Clip",
            [ops.Emit("Round", [ops.Emit("Div", [value, own])]), Number(ops, -128), Number(ops, 127)]
        );
        var integers = ops.Emit("Cast", [rounded], [NodeAttribute.Of("to", (long)ElementType.Int8)]);
        return ops.Mul(Float(ops, ops.Emit("MatMulInteger", [integers, weight])), ops.Mul(own, scale));
    }

    // [blocks, rows of a block, columns] times a scale for each block and column, in two axes again.
    private static Value InBlocks(OpBuilder ops, TensorData matrix)
    {
        var (rows, columns) = (matrix.Dimensions[0], matrix.Dimensions[1]);
        var (weight, scale) = Quantized(ops, matrix);
        var blocks = ops.Reshape(Float(ops, weight), rows / Block, Block, columns);
        var scales = ops.Graph.AddInitializer(
            ops.Names.Unique("n/scales"),
            TensorData.FromFloats(
                [rows / Block, 1, columns],
                [.. Enumerable.Repeat(scale.Initializer!.ReadFloats()[0], (int)(rows / Block * columns))]
            )
        );
        return ops.Reshape(ops.Mul(blocks, scales), rows, columns);
    }

    private static ImmutableArray<Value> Dynamic(OpBuilder ops, Value value) =>
        ops.EmitMany("DynamicQuantizeLinear", [value], [], "", 3);

    private static Value Dequantized(OpBuilder ops, Value value, Value scale, Value? zero = null) =>
        ops.Emit("DequantizeLinear", [value, scale, zero ?? Zero(ops)]);

    private static Value Float(OpBuilder ops, Value value) =>
        ops.Emit("Cast", [value], [NodeAttribute.Of("to", (long)ElementType.Float32)]);

    private static (Value Weight, Value Scale) Quantized(OpBuilder ops, TensorData matrix)
    {
        var numbers = matrix.ReadFloats();
        var scale = numbers.Max(Math.Abs) / 127;
        var bytes = numbers.Select(number => (byte)(sbyte)MathF.Round(number / scale)).ToArray();
        var weight = ops.Graph.AddInitializer(
            ops.Names.Unique("n/integers"),
            TensorData.FromBytes(ElementType.Int8, matrix.Dimensions.AsSpan(), bytes)
        );
        return (weight, Number(ops, scale));
    }

    private static Value Number(OpBuilder ops, float number) =>
        ops.Graph.AddInitializer(ops.Names.Unique("n/number"), TensorData.FromFloats([], [number]));

    private static Value Zero(OpBuilder ops) =>
        ops.Graph.AddInitializer(
            ops.Names.Unique("n/zero"),
            TensorData.FromBytes(ElementType.Int8, [], new byte[] { 0 })
        );
}
