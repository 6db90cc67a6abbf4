using OnnxIntervene.Steering;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Probing;

/// <summary>
/// The direction of a logistic regression between positive and negative examples: the difference of the two classes'
/// weights, fitted by ML.NET on standardised values and given back in the values' own units.
/// </summary>
public static class LogisticDirection
{
    private const float Regularization = 1;

    /// <summary>The method; its directions are as long as the means are apart along them.</summary>
    public static SteeringMethod Method { get; } = new("probe", Fit);

    private static NumericArray Fit(NumericArray positive, NumericArray negative)
    {
        var rows = RowsOf(positive).Concat(RowsOf(negative)).ToArray();
        var (mean, deviation) = Moments(rows);
        float[][] standardised =
        [
            .. rows.Select(row =>
                row.Select((value, index) => (float)((value - mean[index]) / deviation[index])).ToArray()
            ),
        ];
        var weights = MaximumEntropyFit.Weights(
            standardised,
            [.. Enumerable.Repeat(1, positive.Shape[0]), .. Enumerable.Repeat(0, negative.Shape[0])],
            Regularization
        );
        double[] direction =
        [
            .. weights[1].Zip(weights[0], (one, zero) => one - zero).Select((value, index) => value / deviation[index]),
        ];
        var length = Math.Sqrt(direction.Sum(value => value * value));
        var distance = RowsOf(positive).Average(Along) - RowsOf(negative).Average(Along);
        return NumericArray.Of(
            Array.ConvertAll(direction, value => (float)(value / length * distance)),
            direction.Length
        );

        double Along(float[] row) => row.Select((value, index) => value * direction[index] / length).Sum();
    }

    private static IEnumerable<float[]> RowsOf(NumericArray array) =>
        Enumerable.Range(0, array.Shape[0]).Select(row => array.Row(row).Floats.ToArray());

    // A dimension that does not vary is left as it is.
    private static (double[] Mean, double[] Deviation) Moments(float[][] rows)
    {
        var width = rows[0].Length;
        double[] mean = [.. Enumerable.Range(0, width).Select(index => rows.Average(row => (double)row[index]))];
        double[] deviation =
        [
            .. Enumerable
                .Range(0, width)
                .Select(index => Math.Sqrt(rows.Average(row => Math.Pow(row[index] - mean[index], 2))))
                .Select(value => value > 0 ? value : 1),
        ];
        return (mean, deviation);
    }
}
