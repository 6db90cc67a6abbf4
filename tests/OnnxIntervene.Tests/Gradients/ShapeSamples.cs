using OnnxIntervene.IR;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>What moves elements without changing them.</summary>
internal static class ShapeSamples
{
    public static IEnumerable<GradientSample> All() =>
        [
            Of("Reshape", "inferred", [2, 3]).Then(3, -1),
            Of("Reshape", "empty", [2, 0, 3]).Then(0, 0, 6),
            Of("Flatten", "", [2, 3, 2]),
            Of("Squeeze", "one axis", [2, 1, 3]).Then(1),
            Of("Squeeze", "every axis of 1", [1, 3, 1]),
            Of("Unsqueeze", "two axes", [2, 3]).Then(0, -1),
            Of("Transpose", "reversed", [2, 3, 2]),
            Of("Transpose", "order", [2, 3, 4]).Set(NodeAttribute.Of("perm", [1L, 2, 0])),
            Of("Concat", "last axis", [2, 3], [2, 1], [2, 2]).Set("axis", -1),
            Of("Concat", "an empty part", [0, 2], [3, 2]).Set("axis", 0),
            Of("Split", "first part", [2, 5]).Then(2, 3).Set("axis", 1) with
            {
                Outputs = 2,
            },
            Of("Split", "last part", [2, 5]).Then(2, 3).Set("axis", 1) with
            {
                Outputs = 2,
                Output = 1,
            },
            Of("Expand", "new axes", [2, 1]).Then(3, 2, 4),
            Of("Expand", "nothing", [2, 1]).Then(2, 0),
            Of("Pad", "added and cut off", [2, 4]).Then(1, -1, 0, 2),
            Of("Pad", "of some axes", [2, 3, 4])
                .Then(sketch => [sketch.Integers("sizes", [1, 2]), null, sketch.Integers("axes", [-1])]),
            Of("Pad", "with a number", [2, 3])
                .Then(sketch =>
                    [
                        sketch.Integers("sizes", [0, 1, 0, 1]),
                        sketch.Constant("number", TensorData.FromFloats([], [0.5f])),
                    ]
                )
                .Single(),
            Of("Pad", "nothing", [2, 0]).Then(0, 0, 0, 2),
            Of("Trilu", "upper", [3, 3]),
            Of("Trilu", "lower", [2, 3, 4])
                .Then(sketch => [sketch.Constant("k", TensorData.FromIntegers([], [1]))])
                .Set("upper", 0),
        ];
}
