using OnnxIntervene.IR.Analysis;
using static OnnxIntervene.IR.NodeAttribute;

namespace OnnxIntervene.IR.Tests.Inference;

/// <summary>Each operator's rule gives the type and the sizes that ONNX Runtime gives for the same graph.</summary>
public sealed class OperatorRuleTests
{
    private static readonly OperatorCase[] s_elementwise =
    [
        new("Add, stretched", sketch => [sketch.Ops.Add(sketch.Floats(2, 1, 4), sketch.Floats(3, 1))]),
        new(
            "Where",
            sketch => [sketch.Ops.Where(sketch.Input(ElementType.Bool, 3, 1), sketch.Floats(4), sketch.Floats(1))]
        ),
        new("Less", sketch => [sketch.Ops.Emit("Less", [sketch.Floats(2, 3), sketch.Floats(3)])]),
        new(
            "Max of three",
            sketch => [sketch.Ops.Emit("Max", [sketch.Floats(2, 1), sketch.Floats(3), sketch.Floats()])]
        ),
        new("Dropout", sketch => sketch.Many("Dropout", [sketch.Floats(2, 3)], 2)),
        new("Cast", sketch => [sketch.Ops.Cast(sketch.Floats(2, 3), ElementType.Float16)]),
        new("CumSum", sketch => [sketch.Ops.Emit("CumSum", [sketch.Floats(2, 3), sketch.Ops.Scalar(1)])]),
        new("QuickGelu", sketch => sketch.Own("QuickGelu", [sketch.Floats(2, 3)])),
        new("BiasGelu", sketch => sketch.Own("BiasGelu", [sketch.Floats(2, 3), sketch.Floats(3)])),
    ];

    private static readonly OperatorCase[] s_reshaping =
    [
        new("Reshape", sketch => [sketch.Ops.Reshape(sketch.Floats(2, 3, 4), 0, -1)]),
        new("Transpose", sketch => [sketch.Ops.Transpose(sketch.Floats(2, 3, 4), 2, 0, 1)]),
        new("Transpose, all turned", sketch => [sketch.Ops.Emit("Transpose", [sketch.Floats(2, 3, 4)])]),
        new("Flatten", sketch => [sketch.Ops.Emit("Flatten", [sketch.Floats(2, 3, 4)], [Of("axis", -1L)])]),
        new("Unsqueeze", sketch => [sketch.Ops.Unsqueeze(sketch.Floats(2, 3), 0, -1)]),
        new("Squeeze", sketch => [sketch.Ops.Emit("Squeeze", [sketch.Floats(1, 3, 1), sketch.Ops.Constant(-1)])]),
        new("Squeeze of all ones", sketch => [sketch.Ops.Emit("Squeeze", [sketch.Floats(1, 3, 1)])]),
        new(
            "DepthToSpace",
            sketch => [sketch.Ops.Emit("DepthToSpace", [sketch.Floats(1, 8, 2, 3)], [Of("blocksize", 2L)])]
        ),
    ];

    private static readonly OperatorCase[] s_joining =
    [
        new("Concat", sketch => [sketch.Ops.Concat(-1, sketch.Floats(2, 3), sketch.Floats(2, 4))]),
        new(
            "Split",
            sketch => sketch.Many("Split", [sketch.Floats(2, 5), sketch.Ops.Constant(2, 3)], 2, Of("axis", 1L))
        ),
        new("Split, uneven", sketch => sketch.Many("Split", [sketch.Floats(7, 2)], 3, Of("num_outputs", 3L))),
        new("Expand", sketch => [sketch.Ops.Expand(sketch.Floats(3, 1), sketch.Ops.Constant(2, 1, 4))]),
        new("Tile", sketch => [sketch.Ops.Emit("Tile", [sketch.Floats(2, 3), sketch.Ops.Constant(2, 3)])]),
        new("Pad", sketch => [sketch.Ops.Emit("Pad", [sketch.Floats(2, 3), sketch.Ops.Constant(0, 1, 2, -1)])]),
        new(
            "Resize",
            sketch =>
                [sketch.Ops.Emit("Resize", [sketch.Floats(1, 1, 2, 3), null, null, sketch.Ops.Constant(1, 1, 4, 5)])]
        ),
    ];

    private static readonly OperatorCase[] s_selecting =
    [
        new("Gather", sketch => [sketch.Ops.Gather(sketch.Floats(2, 3, 4), sketch.Input(ElementType.Int64, 5, 6), 1)]),
        new("Gather of a scalar", sketch => [sketch.Ops.Gather(sketch.Floats(2, 3), sketch.Ops.Scalar(1), 1)]),
        new(
            "GatherElements",
            sketch => [sketch.Ops.Emit("GatherElements", [sketch.Floats(2, 3), sketch.Input(ElementType.Int64, 1, 3)])]
        ),
        new(
            "GatherND",
            sketch => [sketch.Ops.GatherND(sketch.Floats(2, 3, 4), sketch.Input(ElementType.Int64, 2, 5, 1), 1)]
        ),
        new("Slice", sketch => [sketch.Ops.Slice(sketch.Floats(2, 7), 1, -3, long.MaxValue)]),
        new(
            "Slice, backwards",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Slice",
                        [
                            sketch.Floats(7),
                            sketch.Ops.Constant(-1),
                            sketch.Ops.Constant(-100),
                            sketch.Ops.Constant(0),
                            sketch.Ops.Constant(-2),
                        ]
                    ),
                ]
        ),
        new("Slice, beyond", sketch => [sketch.Ops.Slice(sketch.Floats(2, 7), 1, 5, 3)]),
        new(
            "OneHot",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "OneHot",
                        [sketch.Input(ElementType.Int64, 2, 3), sketch.Ops.Scalar(5), sketch.Floats(2)],
                        [Of("axis", 1L)]
                    ),
                ]
        ),
        new("TopK", sketch => sketch.Many("TopK", [sketch.Floats(2, 7), sketch.Ops.Constant(3)], 2)),
        new("Range", sketch => [sketch.Ops.Range(sketch.Ops.Scalar(1), sketch.Ops.Scalar(8), sketch.Ops.Scalar(3))]),
        new("Trilu", sketch => [sketch.Ops.Emit("Trilu", [sketch.Floats(4, 4)])]),
    ];

    private static readonly OperatorCase[] s_reducing =
    [
        new(
            "ReduceSum",
            sketch =>
                [sketch.Ops.Emit("ReduceSum", [sketch.Floats(2, 3, 4), sketch.Ops.Constant(-1)], [Of("keepdims", 0L)])]
        ),
        new("ReduceMean of all", sketch => [sketch.Ops.Emit("ReduceMean", [sketch.Floats(2, 3)])]),
        new(
            "ReduceMax of none",
            sketch => [sketch.Ops.Emit("ReduceMax", [sketch.Floats(2, 3)], [Of("noop_with_empty_axes", 1L)])]
        ),
        new(
            "ArgMax",
            sketch => [sketch.Ops.Emit("ArgMax", [sketch.Floats(2, 3)], [Of("axis", -1L), Of("keepdims", 0L)])]
        ),
        new("GlobalAveragePool", sketch => [sketch.Ops.Emit("GlobalAveragePool", [sketch.Floats(2, 3, 4, 5)])]),
        new(
            "LayerNormalization",
            sketch => sketch.Many("LayerNormalization", [sketch.Floats(2, 3, 4), sketch.Weight(4)], 3)
        ),
        new(
            "Loss",
            sketch =>
                [sketch.Ops.Emit("SoftmaxCrossEntropyLoss", [sketch.Floats(2, 3), sketch.Input(ElementType.Int64, 2)])]
        ),
    ];

    private static readonly OperatorCase[] s_products =
    [
        new("MatMul", sketch => [sketch.Ops.Emit("MatMul", [sketch.Floats(2, 1, 3, 4), sketch.Floats(5, 4, 6)])]),
        new("MatMul of a row", sketch => [sketch.Ops.Emit("MatMul", [sketch.Floats(4), sketch.Floats(2, 4, 6)])]),
        new(
            "Gemm",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Gemm",
                        [sketch.Floats(4, 2), sketch.Floats(3, 4)],
                        [Of("transA", 1L), Of("transB", 1L)]
                    ),
                ]
        ),
        new(
            "Einsum",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Einsum",
                        [sketch.Floats(2, 3, 4), sketch.Floats(2, 5, 4)],
                        [Of("equation", "bid, bjd -> bij")]
                    ),
                ]
        ),
        new(
            "MatMulInteger",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "MatMulInteger",
                        [sketch.Input(ElementType.UInt8, 2, 3), sketch.Input(ElementType.UInt8, 3, 4)]
                    ),
                ]
        ),
        new(
            "FusedMatMul",
            sketch => sketch.Own("FusedMatMul", [sketch.Floats(2, 4, 3), sketch.Floats(2, 4, 5)], 1, Of("transA", 1L))
        ),
    ];

    private static readonly OperatorCase[] s_sliding =
    [
        new(
            "Conv",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Conv",
                        [sketch.Floats(2, 3, 11, 9), sketch.Weight(4, 3, 3, 2)],
                        [Of("strides", [2L, 1L]), Of("pads", [1L, 0L, 1L, 2L]), Of("dilations", [2L, 1L])]
                    ),
                ]
        ),
        new(
            "Conv, same",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Conv",
                        [sketch.Floats(2, 3, 11), sketch.Weight(4, 3, 3)],
                        [Of("strides", [2L]), Of("auto_pad", "SAME_UPPER")]
                    ),
                ]
        ),
        new(
            "MaxPool",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "MaxPool",
                        [sketch.Floats(1, 2, 9, 9)],
                        [Of("kernel_shape", [3L, 2L]), Of("strides", [2L, 2L])]
                    ),
                ]
        ),
        new(
            "GRU",
            sketch =>
                sketch.Many(
                    "GRU",
                    [sketch.Floats(5, 2, 3), sketch.Weight(2, 12, 3), sketch.Weight(2, 12, 4)],
                    2,
                    Of("hidden_size", 4L),
                    Of("direction", "bidirectional")
                )
        ),
        new(
            "LSTM",
            sketch =>
                sketch.Many(
                    "LSTM",
                    [sketch.Floats(5, 2, 3), sketch.Weight(1, 16, 3), sketch.Weight(1, 16, 4)],
                    3,
                    Of("hidden_size", 4L)
                )
        ),
    ];

    public static IEnumerable<TestCaseData> Known() =>
        s_elementwise
            .Concat(s_reshaping)
            .Concat(s_joining)
            .Concat(s_selecting)
            .Concat(s_reducing)
            .Concat(s_products)
            .Concat(s_sliding)
            .Concat(FusedOperatorCases.All())
            .Select(test => new TestCaseData(test.Build).SetArgDisplayNames(test.Name));

    [TestCaseSource(nameof(Known))]
    public void A_rule_tells_what_ONNX_Runtime_gives(Func<OperatorSketch, IEnumerable<Value>> build)
    {
        var sketch = new OperatorSketch();
        var values = build(sketch).ToList();
        var inference = sketch.Bound();

        var told = values.Select(value => (inference.ElementTypeOf(value), $"{inference.ShapeOf(value)}")).ToList();

        var given = sketch.Run(values).Select(value => (value.Type, $"[{string.Join(", ", value.Sizes)}]"));
        Assert.That(told, Is.EqualTo(given));
    }

    [Test]
    public void Nothing_is_told_of_what_an_unknown_operator_gives()
    {
        var sketch = new OperatorSketch();
        var unknown = sketch.Ops.Emit("Strange", [sketch.Floats(2, 3)], domain: "own");
        var inference = sketch.Bound();

        Assert.That(inference.ElementTypeOf(unknown), Is.EqualTo(ElementType.Undefined));
        Assert.That(inference.ShapeOf(unknown), Is.Null);
        Assert.That(inference.RankOf(sketch.Ops.Add(unknown, unknown)), Is.Null);
    }

    [Test]
    public void Long_chains_do_not_overflow_the_stack()
    {
        var sketch = new OperatorSketch();
        var value = sketch.Floats(2, 3);
        for (var count = 0; count < 100_000; count++)
            value = sketch.Model.Graph.AddNode("", new("", "Neg"), [value], [$"value{count}"], []).Output;

        Assert.That(sketch.Bound().TextOf(value), Is.EqualTo("[2, 3]"));
        Assert.That(new TypeInference().ElementTypeOf(value), Is.EqualTo(ElementType.Float32));
    }
}
