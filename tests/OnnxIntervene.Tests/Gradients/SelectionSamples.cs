using OnnxIntervene.IR;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>What picks elements, repeats them, or puts some in the place of others.</summary>
internal static class SelectionSamples
{
    public static IEnumerable<GradientSample> All() => [.. Slices(), .. Gathers(), .. Others(), .. Scatters()];

    private static IEnumerable<GradientSample> Slices() =>
        [
            Slice("one axis", [4, 3], [1], [3], [0], [1]),
            Slice("from the end", [2, 5], [-3], [long.MaxValue], [-1], [1]),
            Slice("steps back", [5, 2], [-1], [long.MinValue], [0], [-2]),
            Slice("two axes", [3, 4, 2], [1, 0], [3, 3], [0, 1], [1, 2]),
            Slice("nothing", [3, 2], [2], [2], [0], [1]),
            Slice("of nothing", [0, 2], [0], [1], [1], [1]),
        ];

    private static IEnumerable<GradientSample> Gathers() =>
        [
            Picked("Gather", "repeated", [3, 2], [4], [2, 0, 2, -1]).Set("axis", 0),
            Picked("Gather", "second axis", [2, 3, 2], [2, 2], [1, 1, 0, 2]).Set("axis", 1),
            Picked("Gather", "one entry", [2, 3], [], [-1]).Set("axis", 1),
            Picked("GatherND", "whole coordinates", [2, 3], [2, 2], [0, 1, 1, -1]),
            Picked("GatherND", "with a batch", [2, 3, 2], [2, 1], [1, 2]).Set("batch_dims", 1),
            Picked("GatherElements", "repeated", [3, 2], [2, 2], [0, 2, 2, 2]).Set("axis", 0),
        ];

    private static IEnumerable<GradientSample> Others() =>
        [
            Of("Tile", "both axes", [2, 3]).Then(2, 3),
            Of("Tile", "not at all", [2, 3]).Then(2, 0),
            Of("TopK", "values alone", [2, 4]).Then(2),
            Of("TopK", "with places", [2, 4]).Then(2) with
            {
                Outputs = 2,
            },
            Of("TopK", "least of the first axis", [4, 2]).Then(1).Set("axis", 0).Set("largest", 0) with
            {
                Outputs = 2,
            },
        ];

    private static IEnumerable<GradientSample> Scatters()
    {
        foreach (var reduction in new[] { "none", "add" })
        {
            var setting = NodeAttribute.Of("reduction", reduction);
            yield return Placed("ScatterND", $"rows, {reduction}", [3, 2], [2, 1], [0, 2], [2, 2]).Set(setting);
            yield return Placed("ScatterND", $"elements, {reduction}", [2, 3], [2, 2], [0, 1, 1, -1], [2]).Set(setting);
            yield return Placed("ScatterElements", reduction, [2, 3], [2, 2], [0, 2, 1, 0], [2, 2])
                .Set(setting)
                .Set("axis", 1);
        }

        yield return Placed("ScatterND", "nothing", [3, 2], [0, 1], [], [0, 2]);
    }

    private static GradientSample Slice(string note, long[] shape, long[] from, long[] to, long[] axes, long[] steps) =>
        Of("Slice", note, shape)
            .Then(sketch =>
                [
                    sketch.Integers("from", from),
                    sketch.Integers("to", to),
                    sketch.Integers("axes", axes),
                    sketch.Integers("steps", steps),
                ]
            );

    private static GradientSample Picked(string name, string note, long[] shape, long[] places, long[] indices) =>
        Of(name, note, shape).Then(sketch => [sketch.Constant("indices", TensorData.FromIntegers(places, indices))]);

    // The indices stand between the two inputs that are differentiated by.
    private static GradientSample Placed(
        string name,
        string note,
        long[] shape,
        long[] places,
        long[] indices,
        long[] updates
    ) =>
        Of(name, note, shape, updates) with
        {
            Middle = sketch => sketch.Constant("indices", TensorData.FromIntegers(places, indices)),
        };
}
