using static OnnxIntervene.IR.NodeAttribute;

namespace OnnxIntervene.IR.Tests.Inference;

/// <summary>Uses of operators that fuse others, and of those of small integers.</summary>
internal static class FusedOperatorCases
{
    private static readonly OperatorCase[] s_attentions =
    [
        new(
            "Attention",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Attention",
                        [sketch.Floats(2, 4, 3, 8), sketch.Floats(2, 2, 5, 8), sketch.Floats(2, 2, 5, 6)]
                    ),
                ]
        ),
        new(
            "Attention, heads side by side",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "Attention",
                        [sketch.Floats(2, 3, 32), sketch.Floats(2, 5, 16), sketch.Floats(2, 5, 12)],
                        [Of("q_num_heads", 4L), Of("kv_num_heads", 2L)]
                    ),
                ]
        ),
        new(
            "Attention with a cache",
            sketch =>
                sketch.Many(
                    "Attention",
                    [
                        sketch.Floats(2, 2, 3, 8),
                        sketch.Floats(2, 2, 3, 8),
                        sketch.Floats(2, 2, 3, 8),
                        null,
                        sketch.Floats(2, 2, 4, 8),
                        sketch.Floats(2, 2, 4, 8),
                    ],
                    3
                )
        ),
        new(
            "Attention of ONNX Runtime",
            sketch =>
                sketch.Own(
                    "Attention",
                    [
                        sketch.Floats(2, 3, 8),
                        sketch.Weight(8, 24),
                        sketch.Weight(24),
                        null,
                        sketch.Floats(2, 2, 2, 5, 4),
                    ],
                    2,
                    Of("num_heads", 2L)
                )
        ),
        new(
            "MultiHeadAttention",
            sketch =>
                sketch.Own(
                    "MultiHeadAttention",
                    [sketch.Floats(2, 3, 8), sketch.Floats(2, 5, 8), sketch.Floats(2, 5, 12)],
                    1,
                    Of("num_heads", 2L)
                )
        ),
        new(
            "MultiHeadAttention with a cache",
            sketch =>
                sketch.Own(
                    "MultiHeadAttention",
                    [
                        sketch.Floats(2, 3, 8),
                        sketch.Floats(2, 3, 8),
                        sketch.Floats(2, 3, 8),
                        null,
                        null,
                        null,
                        sketch.Floats(2, 2, 4, 4),
                        sketch.Floats(2, 2, 4, 4),
                    ],
                    3,
                    Of("num_heads", 2L)
                )
        ),
        new(
            "GroupQueryAttention",
            sketch =>
                sketch.Own(
                    "GroupQueryAttention",
                    [
                        sketch.Floats(1, 3, 16),
                        sketch.Floats(1, 3, 8),
                        sketch.Floats(1, 3, 8),
                        sketch.Floats(1, 1, 2, 8),
                        sketch.Floats(1, 1, 2, 8),
                        Lengths(sketch, 4),
                        Total(sketch, 5),
                    ],
                    3,
                    Of("num_heads", 2L),
                    Of("kv_num_heads", 1L)
                )
        ),
        new(
            "RotaryEmbedding",
            sketch =>
                sketch.Own(
                    "RotaryEmbedding",
                    [
                        sketch.Floats(2, 3, 16),
                        sketch.Input(ElementType.Int64, 2, 3),
                        sketch.Weight(9, 4),
                        sketch.Weight(9, 4),
                    ],
                    1,
                    Of("num_heads", 2L)
                )
        ),
    ];

    private static readonly OperatorCase[] s_norms =
    [
        new(
            "SkipLayerNormalization",
            sketch =>
                Taken(
                    sketch.Own(
                        "SkipLayerNormalization",
                        [sketch.Floats(2, 3, 8), sketch.Floats(2, 3, 8), sketch.Weight(8), sketch.Weight(8)],
                        4
                    ),
                    0,
                    3
                )
        ),
        new(
            "SkipSimplifiedLayerNormalization",
            sketch =>
                Taken(
                    sketch.Own(
                        "SkipSimplifiedLayerNormalization",
                        [sketch.Floats(2, 3, 8), sketch.Floats(2, 3, 8), sketch.Weight(8)],
                        4
                    ),
                    0,
                    3
                )
        ),
        new(
            "RMSNormalization",
            sketch => [sketch.Ops.Emit("RMSNormalization", [sketch.Floats(2, 3, 8), sketch.Weight(8)])]
        ),
        new(
            "EmbedLayerNormalization",
            sketch =>
                sketch.Own(
                    "EmbedLayerNormalization",
                    [
                        sketch.Input(ElementType.Int32, 2, 3),
                        null,
                        sketch.Weight(9, 8),
                        sketch.Weight(7, 8),
                        null,
                        sketch.Weight(8),
                        sketch.Weight(8),
                        sketch.Input(ElementType.Int32, 2, 3),
                    ],
                    2
                )
        ),
        new(
            "BatchNormalization",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "BatchNormalization",
                        [sketch.Floats(2, 3, 4), sketch.Weight(3), sketch.Weight(3), sketch.Weight(3), sketch.Weight(3)]
                    ),
                ]
        ),
    ];

    private static readonly OperatorCase[] s_quantized =
    [
        new(
            "QuantizeLinear",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "QuantizeLinear",
                        [sketch.Floats(2, 3), sketch.Weight(), sketch.Weight(ElementType.Int8)]
                    ),
                ]
        ),
        new(
            "DequantizeLinear",
            sketch => [sketch.Ops.Emit("DequantizeLinear", [sketch.Input(ElementType.UInt8, 2, 3), sketch.Weight()])]
        ),
        new("DynamicQuantizeLinear", sketch => sketch.Many("DynamicQuantizeLinear", [sketch.Floats(2, 3)], 3)),
        new(
            "QLinearMatMul",
            sketch =>
                [
                    sketch.Ops.Emit(
                        "QLinearMatMul",
                        [
                            sketch.Input(ElementType.UInt8, 2, 3),
                            sketch.Weight(),
                            Zero(sketch),
                            sketch.Weight(ElementType.UInt8, 3, 4),
                            sketch.Weight(),
                            Zero(sketch),
                            sketch.Weight(),
                            Zero(sketch),
                        ]
                    ),
                ]
        ),
        new(
            "MatMulIntegerToFloat",
            sketch =>
                sketch.Own(
                    "MatMulIntegerToFloat",
                    [
                        sketch.Input(ElementType.UInt8, 2, 3),
                        sketch.Weight(ElementType.UInt8, 3, 4),
                        sketch.Weight(),
                        sketch.Weight(),
                    ]
                )
        ),
        new(
            "DynamicQuantizeMatMul",
            sketch =>
                sketch.Own(
                    "DynamicQuantizeMatMul",
                    [sketch.Floats(2, 3), sketch.Weight(ElementType.UInt8, 3, 4), sketch.Weight(1)]
                )
        ),
        new(
            "MatMulNBits",
            sketch =>
                sketch.Own(
                    "MatMulNBits",
                    [sketch.Floats(2, 3, 32), sketch.Weight(ElementType.UInt8, 4, 1, 16), sketch.Weight(4)],
                    1,
                    Of("K", 32L),
                    Of("N", 4L),
                    Of("bits", 4L),
                    Of("block_size", 32L)
                )
        ),
        new(
            "QAttention",
            sketch =>
                sketch.Own(
                    "QAttention",
                    [
                        sketch.Input(ElementType.UInt8, 2, 3, 8),
                        sketch.Weight(ElementType.UInt8, 8, 24),
                        sketch.Weight(24),
                        sketch.Weight(),
                        sketch.Weight(),
                        null,
                        Zero(sketch),
                        Zero(sketch),
                    ],
                    1,
                    Of("num_heads", 2L)
                )
        ),
        new(
            "GatherBlockQuantized",
            sketch =>
                sketch.Own(
                    "GatherBlockQuantized",
                    [
                        sketch.Weight(ElementType.UInt8, 9, 16),
                        sketch.Input(ElementType.Int64, 2, 3),
                        sketch.Weight(9, 1),
                    ],
                    1,
                    Of("bits", 4L),
                    Of("block_size", 32L),
                    Of("gather_axis", 0L),
                    Of("quantize_axis", 1L)
                )
        ),
    ];

    public static IEnumerable<OperatorCase> All() => s_attentions.Concat(s_norms).Concat(s_quantized);

    private static IEnumerable<Value> Taken(IReadOnlyList<Value> outputs, params int[] places) =>
        places.Select(place => outputs[place]);

    private static Value Zero(OperatorSketch sketch) => sketch.Weight(ElementType.UInt8);

    private static Value Lengths(OperatorSketch sketch, int last) =>
        sketch.Ops.Cast(sketch.Ops.Constant(last), ElementType.Int32);

    private static Value Total(OperatorSketch sketch, int total) =>
        sketch.Ops.Cast(sketch.Ops.Scalar(total), ElementType.Int32);
}
