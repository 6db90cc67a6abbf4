using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>Directions from rows of values.</summary>
internal static class Directions
{
    private const int MostIterations = 1000;
    private const double Converged = 1e-12;

    /// <summary>The mean row, <c>[width]</c>.</summary>
    public static double[] Mean(NumericArray rows)
    {
        var mean = new double[rows.Shape[1]];
        for (var row = 0; row < rows.Shape[0]; row++)
        {
            var values = rows.Row(row).Floats;
            for (var index = 0; index < mean.Length; index++)
                mean[index] += values[index] / (double)rows.Shape[0];
        }

        return mean;
    }

    /// <summary>One row without another.</summary>
    public static NumericArray Difference(double[] left, double[] right) =>
        NumericArray.Of(left.Zip(right, (first, second) => (float)(first - second)).ToArray(), left.Length);

    /// <summary>
    /// The direction in which the pairs' differences vary most around their mean, or the mean itself where there is no
    /// variance; it points to where the positive examples are.
    /// </summary>
    /// <exception cref="InterventionException">There are not as many positive as negative examples.</exception>
    public static NumericArray PrincipalComponent(NumericArray positive, NumericArray negative)
    {
        if (positive.Shape[0] != negative.Shape[0])
            throw new InterventionException("Principal components need pairs: as many positive as negative examples.");
        var (count, width) = (positive.Shape[0], positive.Shape[1]);
        var differences = new double[count][];
        for (var row = 0; row < count; row++)
        {
            var (left, right) = (positive.Row(row).Floats.ToArray(), negative.Row(row).Floats.ToArray());
            differences[row] = [.. left.Zip(right, (first, second) => (double)first - second)];
        }

        double[] mean = [.. Enumerable.Range(0, width).Select(index => differences.Average(row => row[index]))];
        var centred = differences.Select(row => row.Zip(mean, (value, middle) => value - middle).ToArray()).ToArray();
        var direction = Leading(centred) ?? Unit(mean);
        var sign = direction.Zip(mean, (first, second) => first * second).Sum() < 0 ? -1 : 1;
        return NumericArray.Of(Array.ConvertAll(direction, number => (float)(sign * number)), width);
    }

    // Power iteration on the small matrix of products between rows, whose leading eigenvector combines the rows.
    private static double[]? Leading(double[][] rows)
    {
        var products = rows.Select(row => rows.Select(other => Product(row, other)).ToArray()).ToArray();
        if (products.Max(row => row.Max(Math.Abs)) == 0)
            return null;
        // Rows differ in length; the longest is not orthogonal to the leading vector but by chance.
        var start = Array.IndexOf(rows, rows.MaxBy(row => Product(row, row))!);
        double[] weights = Unit([
            .. products[start].Select((value, index) => value + (1e-3 * (index + 1) * products[start][start])),
        ]);
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            var next = Unit([.. products.Select(row => Product(row, weights))]);
            var change = next.Zip(weights, (first, second) => Math.Abs(first - second)).Max();
            weights = next;
            if (change < Converged)
                break;
        }

        double[] combined =
        [
            .. Enumerable
                .Range(0, rows[0].Length)
                .Select(index => rows.Zip(weights, (row, weight) => row[index] * weight).Sum()),
        ];
        return Unit(combined);
    }

    private static double Product(double[] left, double[] right) =>
        left.Zip(right, (first, second) => first * second).Sum();

    private static double[] Unit(double[] vector)
    {
        var length = Math.Sqrt(Product(vector, vector));
        return length == 0
            ? throw new InterventionException("The positive and negative examples have the same values; no direction.")
            : Array.ConvertAll(vector, number => number / length);
    }
}
