using OnnxIntervene.IR;
using OnnxIntervene.Tests.Files;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Samples of every operator that has a gradient rule, in several shapes each.</summary>
internal static class GradientSamples
{
    private static readonly long[][] s_shapes =
    [
        [2, 3],
        [4],
        [],
        [2, 0, 3],
    ];

    public static IEnumerable<GradientSample> All() =>
        [
            .. Elementwise(),
            .. Functions(),
            .. Products(),
            .. Shaping(),
            .. Selections(),
            .. Scatters(),
            .. Reductions(),
            .. Norms(),
            .. Others(),
        ];

    private static IEnumerable<GradientSample> Elementwise()
    {
        foreach (var name in new[] { "Add", "Sub", "Mul", "Div", "Pow", "Sum", "Mean", "Max", "Min" })
        {
            foreach (var sample in Broadcast(name))
            {
                yield return sample with
                {
                    IsPositive = name == "Pow",
                    // ONNX Runtime has it for 32-bit floats only.
                    Type = name == "Mean" ? ElementType.Float32 : sample.Type,
                };
            }
        }

        yield return Of(
            "Pow",
            "whole exponent",
            [
                [2, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("two", 2)],
        };
        yield return Of(
            "Max",
            "three inputs",
            [
                [2, 3],
                [3],
                [2, 1],
            ]
        );
        foreach (var sample in Broadcast("Where"))
            yield return sample with
            {
                Before = sketch => [sketch.Constant("is", Marks(true, false, true))],
            };
        foreach (var name in new[] { "Identity", "Cast", "CastLike", "Dropout", "Clip" })
        {
            foreach (var sample in Each(name))
                yield return name switch
                {
                    "Cast" => sample with { Attributes = [NodeAttribute.Of("to", (long)ElementType.Float64)] },
                    "CastLike" => sample with { After = sketch => [sketch.Constant("like", Double(1))] },
                    "Clip" => sample with
                    {
                        After = sketch =>
                            [sketch.Constant("least", Double(-0.5)), sketch.Constant("most", Double(0.7))],
                    },
                    _ => sample,
                };
        }
    }

    private static IEnumerable<GradientSample> Functions()
    {
        foreach (var name in new[] { "Exp", "Reciprocal", "Sin", "Cos", "Abs", "Neg", "Tanh", "Sigmoid", "Relu" })
        {
            foreach (var sample in Each(name))
                yield return sample;
        }

        foreach (var name in new[] { "Log", "Sqrt" })
        {
            foreach (var sample in Each(name))
                yield return sample with
                {
                    IsPositive = true,
                };
        }

        foreach (var name in new[] { "Softplus", "Softsign", "Erf", "LeakyRelu", "Elu" })
        {
            foreach (var sample in Each(name))
                yield return sample with
                {
                    Type = ElementType.Float32,
                };
        }

        yield return Of(
            "LeakyRelu",
            "slope",
            [
                [5],
            ]
        ) with
        {
            Type = ElementType.Float32,
            Attributes = [NodeAttribute.Of("alpha", 0.3f)],
        };
        foreach (var name in new[] { "Ceil", "Floor", "Round", "Sign" })
            yield return Of(
                name,
                "no slope",
                [
                    [2, 3],
                ]
            ) with
            {
                Low = 0.1,
                High = 0.4,
            };
        yield return Of(
            "EyeLike",
            "no slope",
            [
                [2, 3],
            ]
        );
        foreach (var name in new[] { "Softmax", "LogSoftmax" })
        {
            foreach (
                var (axis, shape) in new (long, long[])[] { (-1, [2, 3]), (0, [3, 2]), (1, [2, 3, 2]), (-1, [2, 0, 3]) }
            )
            {
                var sample = Of(name, $"axis {axis} of {shape.Length}", [shape]);
                yield return sample with
                {
                    Attributes = [NodeAttribute.Of("axis", axis)],
                };
            }

            yield return Of(
                name,
                "old meaning of the axis",
                [
                    [2, 3, 2],
                ]
            ) with
            {
                OperatorSet = 12,
                NeedsRank = true,
            };
        }
    }

    private static IEnumerable<GradientSample> Products()
    {
        foreach (
            var (left, right) in new (long[], long[])[]
            {
                ([2, 3], [3, 4]),
                ([2, 2, 3], [3, 4]),
                ([2, 3], [2, 3, 2]),
                ([2, 1, 2, 3], [3, 3, 2]),
                ([2, 1, 3], [2, 3, 1]),
                ([2, 0, 3], [3, 4]),
                ([0, 2, 3], [3, 2]),
            }
        )
            yield return Of("MatMul", Text(left, right), [left, right]);
        foreach (
            var (left, right) in new (long[], long[])[]
            {
                ([3], [3]),
                ([3], [3, 2]),
                ([2, 3], [3]),
                ([2, 2, 3], [3]),
                ([3], [2, 3, 2]),
            }
        )
            yield return Of("MatMul", Text(left, right), [left, right]) with
            {
                NeedsRank = true,
            };
        foreach (var (turnsLeft, turnsRight) in new[] { (0L, 0L), (0L, 1L), (1L, 0L), (1L, 1L) })
        {
            long[] left = turnsLeft == 0 ? [2, 3] : [3, 2];
            long[] right = turnsRight == 0 ? [3, 4] : [4, 3];
            foreach (long[]? sum in new long[]?[] { null, [4], [2, 1], [2, 4], [] })
            {
                yield return Of(
                    "Gemm",
                    $"turned {turnsLeft} and {turnsRight}, sum {(sum is null ? "none" : Text(sum))}",
                    sum is null ? [left, right] : [left, right, sum]
                ) with
                {
                    Attributes =
                    [
                        NodeAttribute.Of("transA", turnsLeft),
                        NodeAttribute.Of("transB", turnsRight),
                        NodeAttribute.Of("alpha", 0.5f),
                        NodeAttribute.Of("beta", 2f),
                    ],
                };
            }
        }

        yield return Einsum("i,j->ij", [2], [3]);
        yield return Einsum("bhqd, bhkd -> bhqk", [2, 1, 2, 3], [2, 1, 4, 3]);
        yield return Einsum("ab->ba", [2, 3]);
    }

    private static IEnumerable<GradientSample> Shaping()
    {
        yield return Of(
            "Reshape",
            "inferred",
            [
                [2, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("shape", 3, -1)],
        };
        yield return Of(
            "Reshape",
            "empty",
            [
                [2, 0, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("shape", 0, 0, 6)],
        };
        yield return Of(
            "Flatten",
            "",
            [
                [2, 3, 2],
            ]
        );
        yield return Of(
            "Squeeze",
            "one axis",
            [
                [2, 1, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("axes", 1)],
        };
        yield return Of(
            "Squeeze",
            "every axis of 1",
            [
                [1, 3, 1],
            ]
        );
        yield return Of(
            "Unsqueeze",
            "two axes",
            [
                [2, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("axes", 0, -1)],
        };
        yield return Of(
            "Transpose",
            "reversed",
            [
                [2, 3, 2],
            ]
        );
        yield return Of(
            "Transpose",
            "order",
            [
                [2, 3, 4],
            ]
        ) with
        {
            Attributes = [NodeAttribute.Of("perm", [1, 2, 0])],
        };
        yield return Of(
            "Concat",
            "last axis",
            [
                [2, 3],
                [2, 1],
                [2, 2],
            ]
        ) with
        {
            Attributes = [NodeAttribute.Of("axis", -1L)],
        };
        yield return Of(
            "Concat",
            "an empty part",
            [
                [0, 2],
                [3, 2],
            ]
        ) with
        {
            Attributes = [NodeAttribute.Of("axis", 0L)],
        };
        for (var output = 0; output < 2; output++)
        {
            yield return Of(
                "Split",
                $"part {output}",
                [
                    [2, 5],
                ]
            ) with
            {
                After = sketch => [sketch.Integers("sizes", 2, 3)],
                Attributes = [NodeAttribute.Of("axis", 1L)],
                Outputs = 2,
                Output = output,
            };
        }

        yield return Of(
            "Expand",
            "new axes",
            [
                [2, 1],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("shape", 3, 2, 4)],
        };
        yield return Of(
            "Expand",
            "nothing",
            [
                [2, 1],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("shape", 2, 0)],
        };
        yield return Of(
            "Trilu",
            "upper",
            [
                [3, 3],
            ]
        );
        yield return Of(
            "Trilu",
            "lower",
            [
                [2, 3, 4],
            ]
        ) with
        {
            After = sketch => [sketch.Constant("k", TensorData.FromIntegers([], [1]))],
            Attributes = [NodeAttribute.Of("upper", 0L)],
        };
    }

    private static IEnumerable<GradientSample> Selections()
    {
        yield return Slice("one axis", [4, 3], [1], [3], [0], [1]);
        yield return Slice("from the end", [2, 5], [-3], [long.MaxValue], [-1], [1]);
        yield return Slice("steps back", [5, 2], [-1], [long.MinValue], [0], [-2]);
        yield return Slice("two axes", [3, 4, 2], [1, 0], [3, 3], [0, 1], [1, 2]);
        yield return Slice("nothing", [3, 2], [2], [2], [0], [1]);
        yield return Slice("of nothing", [0, 2], [0], [1], [1], [1]);
        yield return Gather("Gather", "repeated", [3, 2], [4], [2, 0, 2, -1], NodeAttribute.Of("axis", 0L));
        yield return Gather("Gather", "second axis", [2, 3, 2], [2, 2], [1, 1, 0, 2], NodeAttribute.Of("axis", 1L));
        yield return Gather("Gather", "one entry", [2, 3], [], [-1], NodeAttribute.Of("axis", 1L));
        yield return Gather("GatherND", "whole coordinates", [2, 3], [2, 2], [0, 1, 1, -1]);
        yield return Gather("GatherND", "with a batch", [2, 3, 2], [2, 1], [1, 2], NodeAttribute.Of("batch_dims", 1L));
        yield return Gather("GatherElements", "repeated", [3, 2], [2, 2], [0, 2, 2, 2], NodeAttribute.Of("axis", 0L));
        yield return Of(
            "Tile",
            "both axes",
            [
                [2, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("repeats", 2, 3)],
        };
        yield return Of(
            "Tile",
            "not at all",
            [
                [2, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("repeats", 2, 0)],
        };
        foreach (var outputs in new[] { 1, 2 })
        {
            yield return Of(
                "TopK",
                $"{outputs} outputs",
                [
                    [2, 4],
                ]
            ) with
            {
                After = sketch => [sketch.Integers("k", 2)],
                Outputs = outputs,
            };
        }

        yield return Of(
            "TopK",
            "first axis",
            [
                [4, 2],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("k", 1)],
            Attributes = [NodeAttribute.Of("axis", 0L), NodeAttribute.Of("largest", 0L)],
            Outputs = 2,
        };
    }

    private static IEnumerable<GradientSample> Scatters()
    {
        foreach (var reduction in new[] { "none", "add" })
        {
            NodeAttribute[] settings = [NodeAttribute.Of("reduction", reduction)];
            yield return Between("ScatterND", $"rows, {reduction}", [3, 2], [2, 1], [0, 2], [2, 2], settings);
            yield return Between("ScatterND", $"elements, {reduction}", [2, 3], [2, 2], [0, 1, 1, -1], [2], settings);
            yield return Between(
                "ScatterElements",
                $"second axis, {reduction}",
                [2, 3],
                [2, 2],
                [0, 2, 1, 0],
                [2, 2],
                [.. settings, NodeAttribute.Of("axis", 1L)]
            );
        }

        yield return Between("ScatterND", "nothing", [3, 2], [0, 1], [], [0, 2], []);
    }

    private static IEnumerable<GradientSample> Reductions()
    {
        foreach (
            var name in new[]
            {
                "ReduceSum",
                "ReduceMean",
                "ReduceMax",
                "ReduceMin",
                "ReduceL2",
                "ReduceSumSquare",
                "ReduceLogSumExp",
            }
        )
        {
            var type = name == "ReduceL2" ? ElementType.Float32 : ElementType.Float64;
            foreach (var keeps in new[] { 1L, 0L })
            {
                var sample = Of(
                    name,
                    $"axes kept {keeps}",
                    [
                        [2, 3, 2],
                    ]
                ) with
                {
                    Type = type,
                };
                NodeAttribute[] settings = [NodeAttribute.Of("keepdims", keeps)];
                yield return sample with
                {
                    Note = $"all, {sample.Note}",
                    Attributes = [.. settings],
                };
                yield return sample with
                {
                    Note = $"computed, {sample.Note}",
                    After = sketch => [sketch.Integers("axes", 0, -1)],
                    Attributes = [.. settings],
                };
                yield return sample with
                {
                    Note = $"set, {sample.Note}",
                    OperatorSet = name == "ReduceSum" ? 12 : 17,
                    Attributes = [NodeAttribute.Of("axes", [1]), .. settings],
                };
            }
        }

        yield return Of(
            "ReduceSum",
            "no axes",
            [
                [2, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("axes")],
            Attributes = [NodeAttribute.Of("noop_with_empty_axes", 1L)],
        };
        yield return Of(
            "ReduceSum",
            "an empty axis",
            [
                [2, 0, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("axes", 1)],
        };
        yield return Of(
            "ReduceMean",
            "beside an empty axis",
            [
                [2, 0, 3],
            ]
        ) with
        {
            After = sketch => [sketch.Integers("axes", 2)],
        };
        foreach (var (exclusive, reverse) in new[] { (0L, 0L), (1L, 0L), (0L, 1L), (1L, 1L) })
        {
            yield return Of(
                "CumSum",
                $"exclusive {exclusive}, reverse {reverse}",
                [
                    [2, 4],
                ]
            ) with
            {
                After = sketch => [sketch.Constant("axis", TensorData.FromIntegers([], [1]))],
                Attributes = [NodeAttribute.Of("exclusive", exclusive), NodeAttribute.Of("reverse", reverse)],
            };
        }
    }

    private static IEnumerable<GradientSample> Norms()
    {
        foreach (long[] shape in new long[][] { [2, 4], [2, 2, 3], [2, 0, 3] })
        {
            yield return Of("LayerNormalization", Text(shape), [shape, [shape[^1]], [shape[^1]]]);
            yield return Of("LayerNormalization", $"{Text(shape)}, no shift", [shape, [shape[^1]]]);
            yield return Of("SimplifiedLayerNormalization", Text(shape), [shape, [shape[^1]]]);
            yield return Of("RMSNormalization", Text(shape), [shape, [shape[^1]]]) with
            {
                OperatorSet = 23,
            };
        }

        yield return Of(
            "LayerNormalization",
            "two axes",
            [
                [2, 2, 3],
                [2, 3],
                [2, 3],
            ]
        ) with
        {
            Attributes = [NodeAttribute.Of("axis", 1L), NodeAttribute.Of("epsilon", 0.01f)],
            NeedsRank = true,
        };
    }

    private static IEnumerable<GradientSample> Others()
    {
        var convolution = Of(
            "Conv",
            "padded",
            [
                [2, 2, 4],
            ]
        ) with
        {
            Type = ElementType.Float32,
        };
        yield return convolution with
        {
            After = sketch => [sketch.Weights("w", 3, 2, 3)],
            Attributes = [NodeAttribute.Of("pads", [2, 0])],
        };
        yield return convolution with
        {
            Note = "of each channel",
            After = sketch => [sketch.Weights("w", 2, 1, 2), sketch.Weights("b", 2)],
            Attributes = [NodeAttribute.Of("group", 2L), NodeAttribute.Of("dilations", [2])],
        };
        foreach (var (bits, zeros) in new[] { (4L, 0), (4, 1), (4, 2), (8, 0), (8, 1) })
            yield return Quantized(bits, zeros);
        foreach (var name in new[] { "RotaryEmbedding", "com.microsoft.RotaryEmbedding" })
        {
            foreach (var interleaved in new[] { 0L, 1L })
                yield return Rotation(name, interleaved);
        }
    }

    private static GradientSample Rotation(string name, long interleaved)
    {
        return Of(
            name,
            $"interleaved {interleaved}",
            [
                [1, 2, 3, 4],
            ]
        ) with
        {
            Type = ElementType.Float32,
            OperatorSet = 23,
            After = name == "RotaryEmbedding" ? sketch => [.. Caches(sketch), Positions(sketch)] : Ours,
            Attributes = [NodeAttribute.Of("interleaved", interleaved)],
        };

        static Value?[] Ours(ModelSketch sketch) => [Positions(sketch), .. Caches(sketch)];

        static Value Positions(ModelSketch sketch) =>
            sketch.Constant("positions", TensorData.FromIntegers([1, 3], [2, 0, 1]));

        static Value?[] Caches(ModelSketch sketch) => [sketch.Weights("cos", 4, 2), sketch.Weights("sin", 4, 2)];
    }

    // 3 rows of 40 weights, in blocks of 16: the last is not full, and there is an odd number of them.
    private static GradientSample Quantized(long bits, int zeros) =>
        Of(
            "com.microsoft.MatMulNBits",
            $"{bits} bits, zero points {zeros}",
            [
                [2, 2, 40],
            ]
        ) with
        {
            Type = ElementType.Float32,
            After = sketch =>
                [
                    sketch.Bytes("weights", ElementType.UInt8, 3, 3, 16 * bits / 8),
                    sketch.Weights("scales", 3, 3),
                    zeros switch
                    {
                        0 => null,
                        1 => sketch.Bytes("zeros", ElementType.UInt8, 3, bits == 4 ? 2 : 3),
                        _ => sketch.Weights("zeros", 3, 3),
                    },
                ],
            Attributes =
            [
                NodeAttribute.Of("K", 40L),
                NodeAttribute.Of("N", 3L),
                NodeAttribute.Of("bits", bits),
                NodeAttribute.Of("block_size", 16L),
            ],
        };

    private static GradientSample Of(string name, string note, long[][] shapes) => new(name, note, [.. shapes]);

    private static IEnumerable<GradientSample> Each(string name) =>
        s_shapes.Select(shape => Of(name, Text(shape), [shape]));

    private static IEnumerable<GradientSample> Broadcast(string name) =>
        new (long[], long[])[]
        {
            ([2, 3], [2, 3]),
            ([2, 3], [3]),
            ([1, 3], [2, 1]),
            ([], [2, 3]),
            ([2, 1, 3], [4, 1]),
            ([0, 3], [1, 3]),
        }
            .Where(pair => name != "Where" || pair.Item1 is [.., 3] || pair.Item2 is [.., 3])
            .Select(pair => Of(name, Text(pair.Item1, pair.Item2), [pair.Item1, pair.Item2]));

    private static GradientSample Einsum(string equation, params long[][] shapes) =>
        Of("Einsum", equation, shapes) with
        {
            Attributes = [NodeAttribute.Of("equation", equation)],
        };

    private static GradientSample Slice(string note, long[] shape, long[] from, long[] to, long[] axes, long[] steps) =>
        Of("Slice", note, [shape]) with
        {
            After = sketch =>
                [
                    sketch.Integers("from", from),
                    sketch.Integers("to", to),
                    sketch.Integers("axes", axes),
                    sketch.Integers("steps", steps),
                ],
        };

    private static GradientSample Gather(
        string name,
        string note,
        long[] shape,
        long[] indexShape,
        long[] indices,
        params NodeAttribute[] settings
    ) =>
        Of(name, note, [shape]) with
        {
            After = sketch => [sketch.Constant("indices", TensorData.FromIntegers(indexShape, indices))],
            Attributes = [.. settings],
        };

    // The indices stand between the two inputs that are differentiated by.
    private static GradientSample Between(
        string name,
        string note,
        long[] shape,
        long[] indexShape,
        long[] indices,
        long[] updates,
        NodeAttribute[] settings
    ) =>
        Of(name, note, [shape, updates]) with
        {
            Middle = sketch => sketch.Constant("indices", TensorData.FromIntegers(indexShape, indices)),
            Attributes = [.. settings],
        };

    private static string Text(params long[][] shapes) =>
        string.Join(" and ", shapes.Select(shape => $"[{string.Join(", ", shape)}]"));
}
