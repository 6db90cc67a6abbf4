using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Files;

/// <summary>Small models of each file version, operator set and element type.</summary>
internal static class FloatSamples
{
    public const int OldestOperatorSet = 7;
    public const int NewestOperatorSet = 26;

    public static IEnumerable<FileSample> All()
    {
        for (var operatorSet = OldestOperatorSet; operatorSet <= NewestOperatorSet; operatorSet++)
        {
            yield return FileSample.Of($"pictures, operator set {operatorSet}", Pictures(8, operatorSet), "features");
            yield return FileSample.Of($"pictures, flat, operator set {operatorSet}", Pictures(8, operatorSet), "flat");
            yield return FileSample.Of($"texts, operator set {operatorSet}", Texts(8, operatorSet), "hidden");
        }

        for (var version = 3; version <= Model.NewestIrVersion; version++)
            yield return FileSample.Of($"pictures, IR {version}", Pictures(version, 8), "features");
        yield return FileSample.Of("texts, IR 3", Texts(3, 7), "hidden");
        yield return FileSample.Of("a choice between branches", Branches(8, 16), "hidden");
        yield return FileSample.Of("a choice between branches, operator set 9", Branches(4, 9), "hidden");
        yield return FileSample.Of("half precision", Halves(), "hidden") with
        {
            Tolerance = 1e-3,
        };
        yield return FileSample.Of("double precision", Doubles(), "hidden") with
        {
            IsExact = false,
        };
    }

    public static Model Pictures(int irVersion, int operatorSet)
    {
        var sketch = new ModelSketch(irVersion, operatorSet);
        var x = sketch.Input("pixels", -1, 2, 6, 6);
        var convolved = sketch.Op(
            "convolved",
            "Conv",
            [x, sketch.Weights("kernel", 3, 2, 3, 3), sketch.Weights("bias", 3)]
        );
        var features = sketch.Op("features", "Relu", [convolved]);
        var pooled = sketch.Op("pooled", "MaxPool", [features], Row("kernel_shape", 2, 2), Row("strides", 2, 2));
        var flat = sketch.Op("flat", "Flatten", [pooled], NodeAttribute.Of("axis", 1L));
        var y = sketch.Op("scores", "Gemm", [flat, sketch.Weights("weights", 12, 4), sketch.Weights("offset", 4)]);
        y.Type = ModelSketch.Type(ElementType.Float32, -1, 4);
        return sketch.Build(y);
    }

    public static Model Texts(int irVersion, int operatorSet)
    {
        var sketch = new ModelSketch(irVersion, operatorSet);
        var x = sketch.Input("states", -1, 4, 5);
        var hidden = sketch.Op("hidden", "Tanh", [sketch.Op("up", "MatMul", [x, sketch.Weights("up_weights", 5, 6)])]);
        hidden.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 6);
        var y = sketch.Op("y", "MatMul", [hidden, sketch.Weights("down_weights", 6, 3)]);
        y.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 3);
        return sketch.Build(y);
    }

    private static Model Branches(int irVersion, int operatorSet)
    {
        var sketch = new ModelSketch(irVersion, operatorSet);
        var x = sketch.Input("states", -1, 4, 5);
        var flag = sketch.Input("takes_first", ElementType.Bool, 1);
        var hidden = sketch.Op("hidden", "Tanh", [sketch.Op("up", "MatMul", [x, sketch.Weights("up_weights", 5, 6)])]);
        var y = sketch.Op(
            "y",
            "If",
            [flag],
            NodeAttribute.Of("then_branch", Branch("then", "Sigmoid")),
            NodeAttribute.Of("else_branch", Branch("else", "Neg"))
        );
        y.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 6);
        return sketch.Build(y);

        Graph Branch(string name, string type)
        {
            var branch = new Graph(name);
            var result = branch.AddNode(name, new OperatorKey("", type), [hidden], [$"{name}_out"], []).Output;
            result.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 6);
            branch.AddOutput(result);
            return branch;
        }
    }

    private static Model Halves()
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Input("states", ElementType.Float16, -1, 4, 5);
        var hidden = sketch.Op("hidden", "Tanh", [sketch.Op("up", "MatMul", [x, sketch.Halves("up_weights", 5, 6)])]);
        var y = sketch.Op("y", "MatMul", [hidden, sketch.Halves("down_weights", 6, 3)]);
        y.Type = ModelSketch.Type(ElementType.Float16, -1, 4, 3);
        return sketch.Build(y);
    }

    /// <summary>Numbers that ONNX Runtime computes with on some devices only.</summary>
    public static Model ShortFloats()
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Input("states", ElementType.BFloat16, -1, 4, 5);
        var weights = sketch.Constant(
            "weights",
            TensorData.FromBytes(
                ElementType.BFloat16,
                [5],
                new byte[] { 0, 0x3f, 0x80, 0x3f, 0, 0x40, 0, 0x3f, 0x80, 0x3f }
            )
        );
        var hidden = sketch.Op("hidden", "Mul", [x, weights]);
        var y = sketch.Op("y", "Relu", [hidden]);
        y.Type = ModelSketch.Type(ElementType.BFloat16, -1, 4, 5);
        return sketch.Build(y);
    }

    private static Model Doubles()
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Input("states", -1, 4, 5);
        var wide = sketch.Op("wide", "Cast", [x], NodeAttribute.Of("to", (long)ElementType.Float64));
        var hidden = sketch.Op("hidden", "Tanh", [wide]);
        var y = sketch.Op("y", "Mul", [hidden, hidden]);
        y.Type = ModelSketch.Type(ElementType.Float64, -1, 4, 5);
        return sketch.Build(y);
    }

    private static NodeAttribute Row(string name, params long[] numbers) => NodeAttribute.Of(name, [.. numbers]);
}
