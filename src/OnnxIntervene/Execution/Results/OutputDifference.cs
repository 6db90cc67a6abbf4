using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>How far an output moved.</summary>
/// <param name="Largest">The largest absolute difference of two elements; NaN when only one of them is NaN.</param>
/// <param name="Mean">The mean absolute difference.</param>
/// <param name="Changed">How many elements differ at all.</param>
/// <param name="Length">How many elements there are.</param>
public sealed record OutputDifference(double Largest, double Mean, int Changed, int Length)
{
    /// <summary>Compares an output before and after.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static OutputDifference Of(NumericArray before, NumericArray after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        if (!before.Shape.SequenceEqual(after.Shape) || before.IsInteger != after.IsInteger)
            throw new ArgumentException($"{before} and {after} cannot be compared.", nameof(after));
        var (largest, sum, changed) = (0.0, 0.0, 0);
        for (var index = 0; index < before.Length; index++)
        {
            var (old, now) = before.IsInteger
                ? (before.Integers[index], after.Integers[index])
                : ((double)before.Floats[index], after.Floats[index]);
            if (old.Equals(now))
                continue;
            changed++;
            var difference = Math.Abs(now - old);
            sum += difference;
            largest = Math.Max(largest, difference);
        }

        return new OutputDifference(largest, before.Length == 0 ? 0 : sum / before.Length, changed, before.Length);
    }
}
