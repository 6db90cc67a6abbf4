using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Tests.Training;

/// <summary>Rotations as graphs, against double precision and central differences.</summary>
public sealed class ParametrizationTests
{
    [TestCase(6, 6, 0.05)]
    [TestCase(6, 6, 3)]
    [TestCase(9, 4, 0.05)]
    [TestCase(9, 4, 3)]
    [TestCase(5, 1, 1)]
    [TestCase(13, 11, 2)]
    public void The_matrix_is_torchs(int rows, int columns, double size)
    {
        var start = Start(rows, columns, size);
        using var array = OrthogonalArray.Of(start, OrthogonalMap.MatrixExponential, new ExecutionOptions());

        Assert.That(array.Value.Floats.ToArray(), Is.EqualTo(start.Weight().Floats.ToArray()).Within(2e-5));
        Assert.That(Orthonormalization.Error(array.Value), Is.LessThan(2e-5));
    }

    [TestCase(6, 0.2)]
    [TestCase(6, 4)]
    public void Cayleys_matrix_is_orthogonal_and_solves_its_equation(int width, double size)
    {
        var start = Start(width, width, size);
        using var array = OrthogonalArray.Of(start, OrthogonalMap.Cayley, new ExecutionOptions());

        // (1 − A/2) Q = 1 + A/2, with Q = baseᵀ W.
        var rotation = Matrix
            .Of(start.Base.Floats, width, width)
            .Transpose()
            .Times(Matrix.Of(array.Value.Floats, width, width));
        var half = Matrix.Of(start.Original.Floats, width, width);
        var (left, right) = (Matrix.Identity(width), Matrix.Identity(width));
        for (var row = 0; row < width; row++)
        {
            for (var column = 0; column < row; column++)
            {
                var number = half[row, column] / 2;
                (left[row, column], left[column, row]) = (-number, number);
                (right[row, column], right[column, row]) = (number, -number);
            }
        }

        Assert.That(left.Times(rotation).Elements, Is.EqualTo(right.Elements).Within(2e-5 * (1 + size)));
        Assert.That(Orthonormalization.Error(array.Value), Is.LessThan(2e-5));
    }

    [TestCase(6, 6, OrthogonalMap.MatrixExponential)]
    [TestCase(6, 6, OrthogonalMap.Cayley)]
    [TestCase(7, 3, OrthogonalMap.MatrixExponential)]
    public void The_gradient_is_that_of_central_differences(int rows, int columns, OrthogonalMap map)
    {
        var start = Start(rows, columns, 0.4);
        var slopes = Random(rows, columns, 3, 1);
        using var array = OrthogonalArray.Of(start, map, new ExecutionOptions());

        var gradient = array.Gradient(slopes, CancellationToken.None);

        const float Step = 1e-2f;
        for (var index = 0; index < gradient.Length; index++)
        {
            var slope = (Loss(index, Step) - Loss(index, -Step)) / (2 * Step);
            Assert.That(gradient.Floats[index], Is.EqualTo(slope).Within(2e-3), $"{index}");
        }

        double Loss(int index, float step)
        {
            var numbers = start.Original.Floats.ToArray();
            // The whole part of the diagonal counts reflections, and is no number to move.
            if (index / columns == index % columns)
                return 0;
            numbers[index] += step;
            var moved = start with { Original = NumericArray.Of(numbers, rows, columns) };
            using var other = OrthogonalArray.Of(moved, map, new ExecutionOptions());
            var sum = 0.0;
            for (var entry = 0; entry < slopes.Length; entry++)
                sum += other.Value.Floats[entry] * slopes.Floats[entry];
            return sum;
        }
    }

    private static OrthogonalParametrization Start(int rows, int columns, double size)
    {
        var fresh = OrthogonalParametrization.FromWeight(Orthonormalization.Columns(Random(rows, columns, 1, 1)));
        var numbers = Random(rows, columns, 2, size).Floats.ToArray();
        for (var index = 0; index < columns; index++)
            numbers[(index * columns) + index] = -1;
        return fresh with { Original = NumericArray.Of(numbers, rows, columns) };
    }

    private static NumericArray Random(int rows, int columns, uint seed, double size) =>
        NumericArray.Of(
            new NumpyRandom(seed).StandardNormal(rows * columns).Select(number => (float)(number * size)).ToArray(),
            rows,
            columns
        );
}
