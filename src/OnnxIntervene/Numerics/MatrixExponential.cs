namespace OnnxIntervene.Numerics;

/// <summary>
/// exp(A) by scaling and squaring: a Taylor series of degree 16 where the norm is at most 1/2, whose remainder is below
/// 1e-19.
/// </summary>
internal static class MatrixExponential
{
    private const int Degree = 16;
    private const int Block = 4;
    private const double LargestNorm = 0.5;

    public static Matrix Of(Matrix matrix)
    {
        var norm = matrix.LargestRowSum();
        var squarings = norm > LargestNorm ? (int)Math.Ceiling(Math.Log2(norm / LargestNorm)) : 0;
        var exponential = norm == 0 ? Matrix.Identity(matrix.Rows) : Series(matrix.Times(Math.ScaleB(1, -squarings)));
        for (var count = 0; count < squarings; count++)
            exponential = exponential.Times(exponential);
        return exponential;
    }

    // Paterson and Stockmeyer 1973: six products in place of fifteen.
    private static Matrix Series(Matrix matrix)
    {
        var powers = new List<Matrix> { Matrix.Identity(matrix.Rows), matrix };
        while (powers.Count <= Block)
            powers.Add(powers[^1].Times(matrix));
        var sum = powers[0].Times(Coefficient(Degree));
        for (var start = Degree - Block; start >= 0; start -= Block)
        {
            sum = start == Degree - Block ? powers[Block].Times(Coefficient(Degree)) : powers[Block].Times(sum);
            for (var power = 0; power < Block; power++)
                sum.Add(powers[power], Coefficient(start + power));
        }

        return sum;
    }

    private static double Coefficient(int degree)
    {
        var factorial = 1.0;
        for (var factor = 2; factor <= degree; factor++)
            factorial *= factor;
        return 1 / factorial;
    }
}
