using System.Numerics.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Numerics;

/// <summary>
/// A matrix W with orthonormal columns, as <c>torch.nn.utils.parametrizations.orthogonal</c> keeps it with its
/// defaults: free parameters X (<c>parametrizations.weight.original</c>, <c>[d, r]</c>) and the matrix where training
/// began (<c>parametrizations.weight.0.base</c>, <c>[d, d]</c>).
/// </summary>
/// <param name="Original">X, <c>[d, r]</c>.</param>
/// <param name="Base">The base, <c>[d, d]</c>.</param>
public sealed record OrthogonalParametrization(NumericArray Original, NumericArray Base)
{
    private const int LargestWidth = 32768;

    // torch counts columns as orthonormal within 10 · d times this (torch/nn/utils/parametrizations.py,
    // _is_orthogonal).
    private const double FloatEpsilon = 1.1920929e-7;

    /// <summary>
    /// The parametrization of a matrix <c>[d, r]</c> as a fresh torch module has it: X = −1, and a base whose first
    /// columns are W's own. <see cref="Weight"/> returns W exactly.
    /// </summary>
    /// <exception cref="InterventionException">
    /// The columns are not orthonormal, or the array is not a matrix of at least as many rows as columns.
    /// </exception>
    public static OrthogonalParametrization FromWeight(NumericArray weight)
    {
        var (rows, columns) = MatrixShape.TallOf(weight, "The rotation");

        if (columns < rows && rows > LargestWidth)
            throw new InterventionException(
                $"A rotation of width {rows} has a base that is too large; at most {LargestWidth} is possible."
            );
        if (Orthonormalization.Error(weight) is var error && error > 10 * rows * FloatEpsilon)
            throw new InterventionException(
                $"The columns of the rotation [{rows}, {columns}] are not orthonormal: WᵀW differs from 1 by "
                    + $"{error:g3}. "
                    + "Use Orthonormalization.Columns first."
            );
        var original = new Matrix(rows, columns);
        for (var index = 0; index < columns; index++)
            original[index, index] = -1;
        return new OrthogonalParametrization(
            NumericArray.Of(original.ToFloats(), rows, columns),
            rows == columns ? weight : Orthonormalization.Complete(weight)
        );
    }

    /// <summary>
    /// W, <c>[d, r]</c>. Square: base · exp(tril(X) − tril(X)ᵀ). Tall: base · the first columns of the product of the
    /// reflections along X's columns below the diagonal, each times X's diagonal cut to a whole number. Computed in
    /// double precision, in the order of d³.
    /// </summary>
    /// <exception cref="InterventionException">X or the base has a shape that does not fit.</exception>
    public NumericArray Weight()
    {
        var (rows, columns) = MatrixShape.TallOf(Original, "The parameters X of the rotation");
        if (MatrixShape.TallOf(Base, "The base of the rotation") != (rows, rows))
            throw new InterventionException(
                $"The base of the rotation must be [{rows}, {rows}] to fit X [{rows}, {columns}], but is {Base}."
            );
        var original = Matrix.Of(Original.Floats, rows, columns);
        var rotation = rows == columns ? MatrixExponential.Of(Skew(original)) : Reflections(original);
        return NumericArray.Of(Matrix.Of(Base.Floats, rows, rows).Times(rotation).ToFloats(), rows, columns);
    }

    private static Matrix Skew(Matrix original)
    {
        var skew = new Matrix(original.Rows, original.Rows);
        for (var row = 0; row < original.Rows; row++)
        {
            for (var column = 0; column < row; column++)
            {
                skew[row, column] = original[row, column];
                skew[column, row] = -original[row, column];
            }
        }

        return skew;
    }

    // Reflection j is 1 − τ v vᵀ with v = (0 … 0, 1, X below the diagonal of column j) and τ = 2 / vᵀv. They are
    // applied from the last to the first.
    private static Matrix Reflections(Matrix original)
    {
        // Its rows are the columns of the product.
        var product = new Matrix(original.Columns, original.Rows);
        var parameters = original.Transpose();
        for (var column = 0; column < original.Columns; column++)
            product[column, column] = Math.Truncate(original[column, column]);
        for (var column = original.Columns - 1; column >= 0; column--)
        {
            var vector = parameters.Row(column)[column..].ToArray();
            vector[0] = 1;
            Reflect(product, column, vector);
        }

        return product.Transpose();
    }

    private static void Reflect(Matrix product, int start, double[] vector)
    {
        var factor = 2 / TensorPrimitives.SumOfSquares<double>(vector);
        for (var row = start; row < product.Rows; row++)
        {
            var part = product.Row(row)[start..];
            var along = factor * TensorPrimitives.Dot<double>(part, vector);
            TensorPrimitives.MultiplyAdd(vector, -along, part, part);
        }
    }
}
