using OnnxIntervene.IR;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Sums, means and extremes over axes, and running sums.</summary>
internal static class ReductionSamples
{
    private static readonly string[] s_names =
    [
        "ReduceSum",
        "ReduceMean",
        "ReduceMax",
        "ReduceMin",
        "ReduceL1",
        "ReduceL2",
        "ReduceSumSquare",
        "ReduceLogSumExp",
        "ReduceLogSum",
    ];

    public static IEnumerable<GradientSample> All() => [.. s_names.SelectMany(Reduced), .. Empty(), .. Running()];

    private static IEnumerable<GradientSample> Reduced(string name)
    {
        foreach (var keeps in new[] { 1L, 0L })
        {
            var sample = Of(name, $"axes kept {keeps}", [2, 3, 2]).Set("keepdims", keeps);
            if (name is "ReduceL1" or "ReduceL2" or "ReduceLogSum")
                sample = sample.Single() with { IsPositive = name == "ReduceLogSum" };
            yield return sample with
            {
                Note = $"all, {sample.Note}",
            };
            yield return sample.Then(0, -1) with
            {
                Note = $"computed, {sample.Note}",
            };
            yield return sample.Set(NodeAttribute.Of("axes", [1L])) with
            {
                Note = $"set, {sample.Note}",
                OperatorSet = name == "ReduceSum" ? 12 : 17,
            };
        }
    }

    private static IEnumerable<GradientSample> Empty() =>
        [
            Of("ReduceSum", "no axes", [2, 3]).Then(ReadOnlySpan<long>.Empty.ToArray()).Set("noop_with_empty_axes", 1),
            Of("ReduceSum", "an empty axis", [2, 0, 3]).Then(1),
            Of("ReduceMean", "beside an empty axis", [2, 0, 3]).Then(2),
            Of("GlobalAveragePool", "two axes", [2, 3, 2, 2]).Single(),
            Of("GlobalAveragePool", "one axis", [1, 2, 4]).Single(),
        ];

    private static IEnumerable<GradientSample> Running() =>
        from exclusive in new[] { 0L, 1L }
        from reverse in new[] { 0L, 1L }
        select Of("CumSum", $"exclusive {exclusive}, reverse {reverse}", [2, 4])
            .Then(sketch => [sketch.Constant("axis", TensorData.FromIntegers([], [1]))])
            .Set("exclusive", exclusive)
            .Set("reverse", reverse);
}
