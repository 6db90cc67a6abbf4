namespace OnnxIntervene.Comparing;

/// <summary>Sums over all values of a component, from which its errors follow. In 64-bit floats.</summary>
internal sealed class ErrorSums
{
    private double _difference;
    private double _first;
    private double _second;
    private double _product;

    /// <summary>The largest absolute difference; NaN once one is NaN.</summary>
    public double Largest { get; private set; }

    /// <summary>‖b − a‖ / ‖a‖; infinite where a is zero and b is not.</summary>
    public double RelativeError => _difference == 0 ? 0 : Math.Sqrt(_difference / _first);

    /// <summary>The cosine of the angle between a and b; 1 where both are zero.</summary>
    public double Cosine => _first == 0 && _second == 0 ? 1 : _product / Math.Sqrt(_first * _second);

    /// <summary>Adds values of A and of B, in the same order.</summary>
    public void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        for (var index = 0; index < a.Length; index++)
        {
            double first = a[index];
            double second = b[index];
            var difference = second - first;
            _difference += difference * difference;
            _first += first * first;
            _second += second * second;
            _product += first * second;
            // Written so that NaN stays.
            if (!(Math.Abs(difference) <= Largest))
                Largest = Math.Abs(difference);
        }
    }
}
