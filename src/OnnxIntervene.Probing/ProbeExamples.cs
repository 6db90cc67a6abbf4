using System.Collections.Immutable;

namespace OnnxIntervene.Probing;

/// <summary>The values of one component at one position, a row for each example.</summary>
/// <param name="Rows">The values, <c>[example][width]</c>.</param>
internal sealed record ProbeExamples(float[][] Rows)
{
    private const double Smallest = 1e-8;

    /// <summary>How wide a row is.</summary>
    public int Width => Rows[0].Length;

    /// <summary>
    /// The rows with each dimension shifted and scaled to the mean 0 and the deviation 1 of the examples that are
    /// fitted; a dimension that does not vary there becomes 0.
    /// </summary>
    public ProbeExamples Standardised(ImmutableArray<int> trained)
    {
        var (means, deviations) = (new double[Width], new double[Width]);
        foreach (var example in trained)
        {
            for (var index = 0; index < Width; index++)
                means[index] += Rows[example][index] / (double)trained.Length;
        }

        foreach (var example in trained)
        {
            for (var index = 0; index < Width; index++)
                deviations[index] += Square(Rows[example][index] - means[index]) / trained.Length;
        }

        return new ProbeExamples([.. Rows.Select(row => Standardised(row, means, deviations))]);
    }

    private static float[] Standardised(float[] row, double[] means, double[] variances)
    {
        var result = new float[row.Length];
        for (var index = 0; index < row.Length; index++)
        {
            var deviation = Math.Sqrt(variances[index]);
            result[index] =
                deviation > Smallest * Math.Max(1, Math.Abs(means[index]))
                    ? (float)((row[index] - means[index]) / deviation)
                    : 0;
        }

        return result;
    }

    private static double Square(double number) => number * number;
}
