using System.Numerics.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>A square rotation as base · exp(tril(X) − tril(X)ᵀ).</summary>
internal sealed class ExponentialArray(OrthogonalParametrization start, ExecutionOptions options)
    : OrthogonalArray(start, options)
{
    /// <summary>How often the series is squared: more, the larger the numbers are.</summary>
    private protected override int Variant =>
        Norm() is var norm && norm > OrthogonalMaps.LargestNorm
            ? (int)Math.Ceiling(Math.Log2(norm / OrthogonalMaps.LargestNorm))
            : 0;

    private protected override Value Write(OpBuilder ops, Value original) =>
        OrthogonalMaps.Exponential(ops, original, Variant);

    // The largest sum of a row of A, by size: a row of A is one of the triangle and a column of it.
    private double Norm()
    {
        var numbers = Free.Floats;
        var sums = new float[Rows];
        for (var row = 1; row < Rows; row++)
        {
            var lower = numbers.Slice(row * Rows, row);
            sums[row] += TensorPrimitives.SumOfMagnitudes(lower);
            for (var column = 0; column < row; column++)
                sums[column] += MathF.Abs(lower[column]);
        }

        var largest = TensorPrimitives.Max<float>(sums);
        return float.IsFinite(largest)
            ? largest
            : throw new InterventionException("A rotation has become infinite. Take a smaller learning rate.");
    }
}
