using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// Small models of each way of quantising; interventions stand on the floating-point tensors between.
/// </summary>
internal static class QuantizedSamples
{
    public static IEnumerable<FileSample> All()
    {
        foreach (var operatorSet in new[] { 10, 13, 19, 21, 25 })
            yield return FileSample.Of(
                $"quantise and back, operator set {operatorSet}",
                QuantizeAndBack(operatorSet, ElementType.Int8),
                "hidden"
            );
        yield return FileSample.Of("quantise and back, 4 bits", QuantizeAndBack(21, ElementType.Int4), "hidden");
        yield return FileSample.Of("products of quantised numbers", QLinearMatMul(), "hidden");
        yield return FileSample.Of("convolution of quantised numbers", QLinearConv(), "hidden");
        yield return FileSample.Of("dynamically quantised product", MatMulInteger(), "hidden");
        yield return FileSample.Of("dynamically quantised convolution", ConvInteger(), "hidden");
        yield return FileSample.Of("product with 4-bit weights", MatMulNBits(), "hidden");
    }

    public static Model QuantizeAndBack(int operatorSet, ElementType weights)
    {
        var sketch = new ModelSketch(10, operatorSet);
        var (scale, zero) = (
            sketch.Number("scale", 0.02f),
            sketch.Constant("zero", TensorData.FromBytes(ElementType.Int8, [], new byte[] { 3 }))
        );
        var x = sketch.Input("states", -1, 4, 8);
        var small = sketch.Op("small", "QuantizeLinear", [x, scale, zero]);
        var back = sketch.Op("back", "DequantizeLinear", [small, scale, zero]);
        var matrix = sketch.Op(
            "matrix",
            "DequantizeLinear",
            [sketch.Bytes("packed", weights, 8, 6), sketch.Number("weight_scale", 0.01f)]
        );
        var hidden = sketch.Op("hidden", "Tanh", [sketch.Op("product", "MatMul", [back, matrix])]);
        var again = sketch.Op("again", "QuantizeLinear", [hidden, scale, zero]);
        var y = sketch.Op(
            "y",
            "MatMul",
            [sketch.Op("again_back", "DequantizeLinear", [again, scale, zero]), sketch.Weights("down", 6, 3)]
        );
        return Finish(sketch, y, -1, 4, 3);
    }

    private static Model QLinearMatMul()
    {
        var sketch = new ModelSketch(8, 17);
        var (scale, zero) = (
            sketch.Number("scale", 0.02f),
            sketch.Constant("zero", TensorData.FromBytes(ElementType.UInt8, [], new byte[] { 128 }))
        );
        var small = sketch.Op("small", "QuantizeLinear", [sketch.Input("states", -1, 4, 8), scale, zero]);
        var product = sketch.Op(
            "product",
            "QLinearMatMul",
            [small, scale, zero, sketch.Bytes("packed", ElementType.UInt8, 8, 6), scale, zero, scale, zero]
        );
        var hidden = sketch.Op("hidden", "DequantizeLinear", [product, scale, zero]);
        return Finish(sketch, sketch.Op("y", "MatMul", [hidden, sketch.Weights("down", 6, 3)]), -1, 4, 3);
    }

    private static Model QLinearConv()
    {
        var sketch = new ModelSketch(8, 17);
        var (scale, zero) = (
            sketch.Number("scale", 0.02f),
            sketch.Constant("zero", TensorData.FromBytes(ElementType.UInt8, [], new byte[] { 128 }))
        );
        var small = sketch.Op("small", "QuantizeLinear", [sketch.Input("pixels", -1, 2, 6, 6), scale, zero]);
        var product = sketch.Op(
            "product",
            "QLinearConv",
            [small, scale, zero, sketch.Bytes("packed", ElementType.UInt8, 3, 2, 3, 3), scale, zero, scale, zero]
        );
        var hidden = sketch.Op("hidden", "DequantizeLinear", [product, scale, zero]);
        return Scores(sketch, hidden);
    }

    private static Model MatMulInteger()
    {
        var sketch = new ModelSketch(8, 17);
        var small = sketch
            .Node(
                "small",
                "DynamicQuantizeLinear",
                [sketch.Input("states", -1, 4, 8)],
                ["small", "small_scale", "small_zero"]
            )
            .Outputs;
        var product = sketch.Op(
            "product",
            "MatMulInteger",
            [small[0], sketch.Bytes("packed", ElementType.Int8, 8, 6), small[2]]
        );
        var cast = sketch.Op("cast", "Cast", [product], NodeAttribute.Of("to", (long)ElementType.Float32));
        var hidden = sketch.Op(
            "hidden",
            "Mul",
            [cast, sketch.Op("scale", "Mul", [small[1], sketch.Number("weight_scale", 0.02f)])]
        );
        return Finish(sketch, sketch.Op("y", "MatMul", [hidden, sketch.Weights("down", 6, 3)]), -1, 4, 3);
    }

    private static Model ConvInteger()
    {
        var sketch = new ModelSketch(8, 17);
        var small = sketch
            .Node(
                "small",
                "DynamicQuantizeLinear",
                [sketch.Input("pixels", -1, 2, 6, 6)],
                ["small", "small_scale", "small_zero"]
            )
            .Outputs;
        var product = sketch.Op(
            "product",
            "ConvInteger",
            [small[0], sketch.Bytes("packed", ElementType.UInt8, 3, 2, 3, 3), small[2]]
        );
        var cast = sketch.Op("cast", "Cast", [product], NodeAttribute.Of("to", (long)ElementType.Float32));
        var hidden = sketch.Op(
            "hidden",
            "Mul",
            [cast, sketch.Op("scale", "Mul", [small[1], sketch.Number("weight_scale", 0.02f)])]
        );
        return Scores(sketch, hidden);
    }

    private static Model MatMulNBits()
    {
        var sketch = new ModelSketch(10, 21);
        NodeAttribute[] settings =
        [
            NodeAttribute.Of("K", 32L),
            NodeAttribute.Of("N", 6L),
            NodeAttribute.Of("bits", 4L),
            NodeAttribute.Of("block_size", 32L),
        ];
        var x = sketch.Input("states", -1, 4, 32);
        var hidden = sketch.Op(
            "hidden",
            "com.microsoft.MatMulNBits",
            [x, sketch.Bytes("packed", ElementType.UInt8, 6, 1, 16), sketch.Weights("scales", 6)],
            settings
        );
        return Finish(sketch, sketch.Op("y", "MatMul", [hidden, sketch.Weights("down", 6, 3)]), -1, 4, 3);
    }

    private static Model Scores(ModelSketch sketch, Value hidden)
    {
        var flat = sketch.Op("flat", "Flatten", [hidden], NodeAttribute.Of("axis", 1L));
        return Finish(
            sketch,
            sketch.Op("y", "Gemm", [flat, sketch.Weights("weights", 48, 4), sketch.Weights("offset", 4)]),
            -1,
            4
        );
    }

    private static Model Finish(ModelSketch sketch, Value output, params long[] sizes)
    {
        output.Type = ModelSketch.Type(ElementType.Float32, sizes);
        return sketch.Build(output);
    }
}
