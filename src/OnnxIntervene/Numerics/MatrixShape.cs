using System.Numerics.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Numerics;

/// <summary>Checks that arrays are the matrices that they should be.</summary>
internal static class MatrixShape
{
    /// <summary>Rows and columns of a matrix of finite floats with at least as many rows as columns.</summary>
    public static (int Rows, int Columns) TallOf(NumericArray matrix, string name)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        if (matrix.IsInteger || matrix.Shape is not [var rows, var columns] || columns > rows || columns < 1)
            throw new InterventionException(
                $"{name} must be a matrix of floats with at least as many rows as columns, but is {matrix}. Is it "
                    + $"transposed?"
            );
        if (!TensorPrimitives.IsFiniteAll(matrix.Floats))
            throw new InterventionException($"{name} [{rows}, {columns}] holds numbers that are not finite.");
        return (rows, columns);
    }
}
