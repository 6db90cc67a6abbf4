using System.Numerics.Tensors;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Arithmetic of single rows in double precision.</summary>
internal static class Rows
{
    public static double[] Of(NumericArray array) => [.. array.Floats.ToArray().Select(number => (double)number)];

    public static double[] Add(double[] left, double[] right) =>
        Made(left.Length, result => TensorPrimitives.Add<double>(left, right, result));

    public static double[] Subtract(double[] left, double[] right) =>
        Made(left.Length, result => TensorPrimitives.Subtract<double>(left, right, result));

    public static double[] Multiply(double[] left, double[] right) =>
        Made(left.Length, result => TensorPrimitives.Multiply<double>(left, right, result));

    public static double[] Multiply(double[] left, double factor) =>
        Made(left.Length, result => TensorPrimitives.Multiply(left, factor, result));

    public static double[] Divide(double[] left, double[] right) =>
        Made(left.Length, result => TensorPrimitives.Divide<double>(left, right, result));

    public static double[] Sigmoid(double[] row) =>
        Made(row.Length, result => TensorPrimitives.Sigmoid<double>(row, result));

    /// <summary>(1 − share) left + share · right.</summary>
    public static double[] Mix(double[] share, double[] left, double[] right) =>
        Add(left, Multiply(share, Subtract(right, left)));

    /// <summary>The row times a matrix.</summary>
    public static double[] Times(double[] row, NumericArray matrix)
    {
        var (numbers, columns) = (Of(matrix), matrix.Shape[1]);
        return Made(
            columns,
            result =>
            {
                for (var index = 0; index < row.Length; index++)
                    TensorPrimitives.MultiplyAdd(numbers.AsSpan(index * columns, columns), row[index], result, result);
            }
        );
    }

    /// <summary>The row times a matrix turned over.</summary>
    public static double[] TimesTransposed(double[] row, NumericArray matrix)
    {
        var (numbers, columns) = (Of(matrix), matrix.Shape[1]);
        return
        [
            .. Enumerable
                .Range(0, matrix.Shape[0])
                .Select(index => TensorPrimitives.Dot<double>(row, numbers.AsSpan(index * columns, columns))),
        ];
    }

    /// <summary>One row's chosen elements, the other's elsewhere; null chooses all.</summary>
    public static double[] Choose(HashSet<int>? chosen, double[] inside, double[] outside) =>
        [.. inside.Select((number, index) => chosen is null || chosen.Contains(index) ? number : outside[index])];

    private static double[] Made(int length, Action<double[]> make)
    {
        var result = new double[length];
        make(result);
        return result;
    }
}
