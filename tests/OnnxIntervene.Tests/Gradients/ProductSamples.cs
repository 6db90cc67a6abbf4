using OnnxIntervene.IR;
using static OnnxIntervene.Tests.Gradients.GradientSample;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Products of matrices, of batches of them, and of vectors.</summary>
internal static class ProductSamples
{
    public static IEnumerable<GradientSample> All() => [.. Matrices(), .. Vectors(), .. Gemms(), .. Einsums()];

    private static IEnumerable<GradientSample> Matrices() =>
        [
            MatMul([2, 3], [3, 4]),
            MatMul([2, 2, 3], [3, 4]),
            MatMul([2, 3], [2, 3, 2]),
            MatMul([2, 1, 2, 3], [3, 3, 2]),
            MatMul([2, 1, 3], [2, 3, 1]),
            MatMul([2, 0, 3], [3, 4]),
            MatMul([0, 2, 3], [3, 2]),
        ];

    private static IEnumerable<GradientSample> Vectors() =>
        new[]
        {
            MatMul([3], [3]),
            MatMul([3], [3, 2]),
            MatMul([2, 3], [3]),
            MatMul([2, 2, 3], [3]),
            MatMul([3], [2, 3, 2]),
        }.Select(sample => sample with { NeedsRank = true });

    private static IEnumerable<GradientSample> Gemms() =>
        from turned in new[] { (Left: 0L, Right: 0L), (0, 1), (1, 0), (1, 1) }
        from sum in new long[]?[] { null, [4], [2, 1], [2, 4], [] }
        let left = turned.Left == 0 ? new long[] { 2, 3 } : [3, 2]
        let right = turned.Right == 0 ? new long[] { 3, 4 } : [4, 3]
        select Of(
                "Gemm",
                $"{turned}, {(sum is null ? "" : Text(sum))}",
                sum is null ? [left, right] : [left, right, sum]
            )
            .Set("transA", turned.Left)
            .Set("transB", turned.Right)
            .Set(NodeAttribute.Of("alpha", 0.5f), NodeAttribute.Of("beta", 2f));

    private static IEnumerable<GradientSample> Einsums() =>
        [
            Einsum("i,j->ij", [2], [3]),
            Einsum("bhqd, bhkd -> bhqk", [2, 1, 2, 3], [2, 1, 4, 3]),
            Einsum("ab->ba", [2, 3]),
        ];

    private static GradientSample MatMul(long[] left, long[] right) => Of("MatMul", Text(left, right), left, right);

    private static GradientSample Einsum(string equation, params long[][] shapes) =>
        Of("Einsum", equation, shapes).Set(NodeAttribute.Of("equation", equation));
}
