using System.Numerics.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Numerics;

/// <summary>
/// A matrix of doubles in row-major order, in which rotations are computed before they are rounded to 32-bit floats.
/// </summary>
internal sealed class Matrix
{
    // Below this many products a thread costs more than it saves.
    private const long SmallestParallel = 1 << 18;

    public Matrix(int rows, int columns)
    {
        Rows = rows;
        Columns = columns;
        Elements = new double[SizeProduct.ToMake(sizeof(double), "The matrix", rows, columns)];
    }

    public int Rows { get; }

    public int Columns { get; }

    public double[] Elements { get; }

    public double this[int row, int column]
    {
        get => Elements[(row * Columns) + column];
        set => Elements[(row * Columns) + column] = value;
    }

    public static Matrix Identity(int size)
    {
        var identity = new Matrix(size, size);
        for (var index = 0; index < size; index++)
            identity[index, index] = 1;
        return identity;
    }

    public static Matrix Of(ReadOnlySpan<float> elements, int rows, int columns)
    {
        var matrix = new Matrix(rows, columns);
        TensorPrimitives.ConvertChecked(elements, matrix.Elements);
        return matrix;
    }

    public Span<double> Row(int row) => Elements.AsSpan(row * Columns, Columns);

    public float[] ToFloats()
    {
        var floats = new float[Elements.Length];
        TensorPrimitives.ConvertTruncating<double, float>(Elements, floats);
        return floats;
    }

    public Matrix Transpose()
    {
        var transposed = new Matrix(Columns, Rows);
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; column++)
                transposed[column, row] = this[row, column];
        }

        return transposed;
    }

    /// <summary>This matrix times another. Every row is summed in one order, whatever the number of threads.</summary>
    public Matrix Times(Matrix right)
    {
        var product = new Matrix(Rows, right.Columns);
        if ((long)Rows * Columns * right.Columns < SmallestParallel)
        {
            for (var row = 0; row < Rows; row++)
                MultiplyRow(row, right, product);
        }
        else
        {
            Parallel.For(0, Rows, row => MultiplyRow(row, right, product));
        }

        return product;
    }

    /// <summary>This matrix times a number.</summary>
    public Matrix Times(double factor)
    {
        var scaled = new Matrix(Rows, Columns);
        TensorPrimitives.Multiply(Elements, factor, scaled.Elements);
        return scaled;
    }

    /// <summary>Adds another matrix, times a number, to this one.</summary>
    public void Add(Matrix other, double factor) =>
        TensorPrimitives.MultiplyAdd(other.Elements, factor, Elements, Elements);

    /// <summary>The largest sum of absolute values in a row: a bound of the spectral radius.</summary>
    public double LargestRowSum()
    {
        var largest = 0.0;
        for (var row = 0; row < Rows; row++)
            largest = Math.Max(largest, TensorPrimitives.SumOfMagnitudes<double>(Row(row)));
        return largest;
    }

    private void MultiplyRow(int row, Matrix right, Matrix product)
    {
        var sums = product.Row(row);
        for (var column = 0; column < Columns; column++)
        {
            if (this[row, column] is var factor and not 0)
                TensorPrimitives.MultiplyAdd(right.Row(column), factor, sums, sums);
        }
    }
}
