using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Whether the columns of rotations that files hold are orthonormal. With other columns, rotating there and back would
/// stretch what it should leave.
/// </summary>
internal static class RotationCheck
{
    // Rotations saved in 16 bits are this far off at most, by a wide margin.
    private const double Tolerance = 0.02;
    private const int Probes = 8;

    /// <summary>Checks an intervention's rotations, in time with the number of their elements.</summary>
    /// <exception cref="InterventionException">Columns are not orthonormal.</exception>
    public static void Check(Intervention intervention)
    {
        foreach (var parameter in intervention.Type.Parameters)
        {
            if (parameter.Training == ParameterTraining.Orthogonal)
                Check(parameter.Name, intervention.Parameters[parameter.Name]);
        }
    }

    private static void Check(string name, NumericArray matrix)
    {
        var (rows, columns) = (matrix.Shape[0], matrix.Shape[1]);
        for (var column = 0; column < columns; column++)
        {
            var sum = 0.0;
            for (var row = 0; row < rows; row++)
                sum += (double)matrix.Floats[(row * columns) + column] * matrix.Floats[(row * columns) + column];
            if (!(Math.Abs(sum - 1) <= Tolerance))
                throw Fault(name, $"column {column} has the length {Number(Math.Sqrt(sum))}, not 1");
        }

        // WᵀWv is v for every v; any two columns that are not orthogonal show in one of a few.
        var random = new Random(0);
        for (var probe = 0; probe < Probes; probe++)
        {
            var signs = Array.ConvertAll(new int[columns], _ => random.Next(2) == 0 ? -1.0 : 1.0);
            var back = Back(matrix.Floats, rows, columns, signs);
            for (var column = 0; column < columns; column++)
            {
                if (!(Math.Abs(back[column] - signs[column]) <= Tolerance))
                    throw Fault(name, $"column {column} is not orthogonal to the others");
            }
        }
    }

    private static double[] Back(ReadOnlySpan<float> matrix, int rows, int columns, double[] vector)
    {
        var result = new double[columns];
        for (var row = 0; row < rows; row++)
        {
            var line = matrix.Slice(row * columns, columns);
            var product = 0.0;
            for (var column = 0; column < columns; column++)
                product += line[column] * vector[column];
            for (var column = 0; column < columns; column++)
                result[column] += line[column] * product;
        }

        return result;
    }

    private static InterventionException Fault(string name, string what) =>
        new($"'{name}' is not a rotation: {what}. Its columns must be orthonormal; was it saved transposed or scaled?");

    private static string Number(double number) => number.ToString("G4", CultureInfo.InvariantCulture);
}
