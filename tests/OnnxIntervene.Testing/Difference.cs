namespace OnnxIntervene.Testing;

/// <summary>How far two arrays are apart.</summary>
public static class Difference
{
    /// <summary>The largest absolute difference; infinite where lengths differ or a number is none.</summary>
    public static double Largest(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        if (left.Length != right.Length)
            return double.PositiveInfinity;
        var largest = 0.0;
        for (var index = 0; index < left.Length; index++)
        {
            var difference = Math.Abs((double)left[index] - right[index]);
            if (double.IsNaN(difference))
                return double.PositiveInfinity;
            largest = Math.Max(largest, difference);
        }

        return largest;
    }

    /// <summary>
    /// The largest absolute difference less what a row's largest expected number allows: <paramref name="relative"/>
    /// times it. Rows are
    /// <paramref name="width"/> long.
    /// </summary>
    public static double LargestBeyond(
        ReadOnlySpan<float> actual,
        ReadOnlySpan<float> expected,
        int width,
        double relative
    )
    {
        if (actual.Length != expected.Length)
            return double.PositiveInfinity;
        var largest = double.NegativeInfinity;
        for (var start = 0; start < expected.Length; start += width)
        {
            var row = expected.Slice(start, width);
            var allowed = relative * Math.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(row));
            largest = Math.Max(largest, Largest(actual.Slice(start, width), row) - allowed);
        }

        return largest;
    }

    /// <summary>The largest absolute difference among rows whose mark is 1; rows lie one after the other.</summary>
    public static double Largest(ReadOnlySpan<float> left, ReadOnlySpan<float> right, ReadOnlySpan<long> marks)
    {
        if (left.Length != right.Length || left.Length % marks.Length != 0)
            return double.PositiveInfinity;
        var width = left.Length / marks.Length;
        var largest = 0.0;
        for (var row = 0; row < marks.Length; row++)
        {
            if (marks[row] == 1)
                largest = Math.Max(largest, Largest(left.Slice(row * width, width), right.Slice(row * width, width)));
        }

        return largest;
    }
}
