using System.Numerics.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Numerics;

/// <summary>Makes the columns of a matrix orthonormal, in double precision.</summary>
public static class Orthonormalization
{
    // A column that loses more than this to the columns before it depends on them.
    private const double SmallestRemainder = 1e-6;

    /// <summary>
    /// The factor Q of the matrix's QR decomposition whose R has a positive diagonal, which makes Q unique: what
    /// torch's orthogonal parametrization makes of a matrix that is assigned to it. <c>[d, k]</c>, k at most d.
    /// </summary>
    /// <exception cref="InterventionException">
    /// The array is not such a matrix, or its columns depend on one another.
    /// </exception>
    public static NumericArray Columns(NumericArray matrix)
    {
        var (rows, columns) = MatrixShape.TallOf(matrix, "The matrix");
        var basis = new List<double[]>();
        foreach (var column in ColumnsOf(matrix, rows, columns))
        {
            if (!Extend(basis, column, SmallestRemainder * TensorPrimitives.Norm<double>(column)))
                throw new InterventionException(
                    $"Column {basis.Count} of the matrix [{rows}, {columns}] is zero or a mixture of those before "
                        + $"it. Leave it out."
                );
        }

        return NumericArray.Of(Join(basis, rows).ToFloats(), rows, columns);
    }

    /// <summary>
    /// How far the columns are from orthonormal: the largest absolute element of WᵀW − 1. <c>[d, k]</c>.
    /// </summary>
    /// <exception cref="InterventionException">
    /// The array is not a matrix of at least as many rows as columns.
    /// </exception>
    public static double Error(NumericArray matrix)
    {
        var (rows, columns) = MatrixShape.TallOf(matrix, "The matrix");
        var weight = Matrix.Of(matrix.Floats, rows, columns);
        var gram = weight.Transpose().Times(weight);
        gram.Add(Matrix.Identity(columns), -1);
        return Math.Abs(TensorPrimitives.MaxMagnitude<double>(gram.Elements));
    }

    /// <summary>
    /// The matrix's own columns, and after them more, so that all d are orthonormal: <c>[d, k]</c> to <c>[d, d]</c>.
    /// The new ones are what is left of the unit vectors, taken in order; torch uses random vectors.
    /// </summary>
    internal static NumericArray Complete(NumericArray matrix)
    {
        var (rows, columns) = MatrixShape.TallOf(matrix, "The matrix");
        var basis = ColumnsOf(matrix, rows, columns).ToList();

        // The unit vectors' remainders have squares that sum to the number of columns that are missing: the threshold
        // never leaves one out.
        var smallest = 0.5 / Math.Sqrt(rows);
        for (var index = 0; basis.Count < rows; index++)
        {
            var unit = new double[rows];
            unit[index] = 1;
            Extend(basis, unit, smallest);
        }

        return NumericArray.Of(Join(basis, rows).ToFloats(), rows, rows);
    }

    // Gram-Schmidt, twice, which is enough (Giraud, Langou and Rozložník 2005).
    private static bool Extend(List<double[]> basis, double[] vector, double smallest)
    {
        for (var pass = 0; pass < 2; pass++)
        {
            foreach (var direction in basis)
                TensorPrimitives.MultiplyAdd(
                    direction,
                    -TensorPrimitives.Dot<double>(direction, vector),
                    vector,
                    vector
                );
        }

        var norm = TensorPrimitives.Norm<double>(vector);
        if (norm <= smallest)
            return false;
        TensorPrimitives.Divide(vector, norm, vector);
        basis.Add(vector);
        return true;
    }

    private static IEnumerable<double[]> ColumnsOf(NumericArray matrix, int rows, int columns)
    {
        var transposed = Matrix.Of(matrix.Floats, rows, columns).Transpose();
        return Enumerable.Range(0, columns).Select(column => transposed.Row(column).ToArray());
    }

    private static Matrix Join(List<double[]> basis, int rows)
    {
        var transposed = new Matrix(basis.Count, rows);
        for (var index = 0; index < basis.Count; index++)
            basis[index].CopyTo(transposed.Row(index));
        return transposed.Transpose();
    }
}
