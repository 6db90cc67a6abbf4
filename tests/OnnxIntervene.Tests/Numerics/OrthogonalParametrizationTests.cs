using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Formats;

namespace OnnxIntervene.Tests.Numerics;

public sealed class OrthogonalParametrizationTests
{
    private const string Original = "rotate_layer.parametrizations.weight.original";
    private const string Base = "rotate_layer.parametrizations.weight.0.base";

    public static IEnumerable<string> SavedRotations() =>
        TorchFileTests.SavedFiles().Where(path => TorchFile.Read(path).ContainsKey(Original));

    /// <summary>
    /// X, base and W as torch had them before and after training, in every family's training.safetensors.
    /// </summary>
    public static IEnumerable<TestCaseData> TorchRotations() =>
        from path in Directory
            .EnumerateFiles(
                Path.Combine(RepositoryPaths.OwnReferences, "families"),
                "training.safetensors",
                SearchOption.AllDirectories
            )
            .Order(StringComparer.Ordinal)
        from name in SafetensorsFile.Open(path).Names
        where name.EndsWith($"l/{Original}", StringComparison.Ordinal)
        select new TestCaseData(path, name[..^(Original.Length + 1)]);

    [TestCaseSource(nameof(SavedRotations))]
    public void A_saved_rotation_has_orthonormal_columns(string path)
    {
        var tensors = TorchFile.Read(path);
        var parametrization = new OrthogonalParametrization(tensors[Original].Array, tensors[Base].Array);

        var weight = parametrization.Weight();

        Assert.That(weight.Shape, Is.EqualTo(parametrization.Original.Shape));
        Assert.That(Orthonormalization.Error(weight), Is.LessThan(1e-5));
    }

    [TestCaseSource(nameof(TorchRotations))]
    public void The_weight_is_torchs(string path, string prefix)
    {
        var file = SafetensorsFile.Open(path);
        var expected = file.Read($"{prefix}_weight");

        var weight = new OrthogonalParametrization(
            file.Read($"{prefix}/{Original}"),
            file.Read($"{prefix}/{Base}")
        ).Weight();

        Assert.That(weight.Shape, Is.EqualTo(expected.Shape));
        Assert.That(Difference.Largest(weight.Floats, expected.Floats), Is.LessThan(2e-6));
    }

    [TestCase(1, 0.3)]
    [TestCase(2, 3.0)]
    [TestCase(7, 0.01)]
    [TestCase(12, 1.0)]
    [TestCase(33, 2.0)]
    public void The_exponential_is_that_of_a_long_series(int width, double scale)
    {
        var numbers = new NumpyRandom(3).StandardNormal(width * width);
        var matrix = new Matrix(width, width);
        numbers.CopyTo(matrix.Elements, 0);
        matrix = matrix.Times(scale / Math.Sqrt(width));

        var exponential = MatrixExponential.Of(matrix);

        Assert.That(exponential.Elements, Is.EqualTo(LongSeries(matrix).Elements).Within(1e-11));
    }

    [Test]
    public void A_rotation_in_the_plane_turns_by_its_angle()
    {
        var original = NumericArray.Of(new float[] { 5, 9, 100, 7 }, 2, 2);

        var weight = new OrthogonalParametrization(
            original,
            NumericArray.Of(new float[] { 1, 0, 0, 1 }, 2, 2)
        ).Weight();

        Assert.That(
            weight.Floats.ToArray(),
            Is.EqualTo(
                    new[] { (float)Math.Cos(100), (float)-Math.Sin(100), (float)Math.Sin(100), (float)Math.Cos(100) }
                )
                .Within(1e-6)
        );
    }

    [TestCase(6, 6)]
    [TestCase(6, 1)]
    [TestCase(32, 4)]
    [TestCase(65, 64)]
    public void A_fresh_parametrization_gives_back_the_weight(int rows, int columns)
    {
        var weight = Orthonormalization.Columns(Random(rows, columns));

        var parametrization = OrthogonalParametrization.FromWeight(weight);

        Assert.That(parametrization.Base.Shape, Is.EqualTo(new[] { rows, rows }));
        Assert.That(Orthonormalization.Error(parametrization.Base), Is.LessThan(1e-6));
        Assert.That(
            parametrization.Original.Floats.ToArray().Where(number => number != 0),
            Is.All.EqualTo(-1).And.Exactly(columns).Items
        );
        Assert.That(Difference.Largest(parametrization.Weight().Floats, weight.Floats), Is.Zero);
    }

    [Test]
    public void Columns_among_the_unit_vectors_are_completed()
    {
        var weight = NumericArray.Of(new float[] { 0, 1, 1, 0, 0, 0, 0, 0 }, 4, 2);

        var parametrization = OrthogonalParametrization.FromWeight(weight);

        Assert.That(
            parametrization.Base.Floats.ToArray(),
            Is.EqualTo(new float[] { 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 })
        );
    }

    [Test]
    public void A_diagonal_is_cut_to_a_whole_number_as_torch_does()
    {
        var identity = OrthogonalParametrization
            .FromWeight(NumericArray.Of(new float[] { 1, 0, 0, 1, 0, 0 }, 3, 2))
            .Base;

        var weight = new OrthogonalParametrization(
            NumericArray.Of(new float[] { -0.9f, 0, 0, -1.9f, 0, 0 }, 3, 2),
            identity
        ).Weight();

        Assert.That(weight.Floats.ToArray(), Is.EqualTo(new float[] { 0, 0, 0, 1, 0, 0 }));
    }

    [Test]
    public void Orthonormalization_is_the_decomposition_with_a_positive_diagonal()
    {
        var matrix = Random(20, 5);

        var factor = Orthonormalization.Columns(matrix);

        var upper = Matrix.Of(factor.Floats, 20, 5).Transpose().Times(Matrix.Of(matrix.Floats, 20, 5));
        Assert.That(Orthonormalization.Error(factor), Is.LessThan(1e-6));
        for (var row = 0; row < 5; row++)
        {
            Assert.That(upper[row, row], Is.Positive);
            for (var column = 0; column < row; column++)
                Assert.That(upper[row, column], Is.Zero.Within(1e-6));
        }
    }

    [Test]
    public void What_is_no_rotation_is_refused()
    {
        var mixed = NumericArray.Of(new float[] { 1, 2, 1, 2, 1, 2 }, 3, 2);

        Assert.That(
            () => Orthonormalization.Columns(mixed),
            Throws.TypeOf<InterventionException>().With.Message.Contains("Column 1")
        );
        Assert.That(
            () => Orthonormalization.Columns(Random(2, 3)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("transposed")
        );
        Assert.That(
            () => Orthonormalization.Columns(NumericArray.Of(new[] { 1, float.NaN }, 2, 1)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("finite")
        );
        Assert.That(
            () => OrthogonalParametrization.FromWeight(mixed),
            Throws.TypeOf<InterventionException>().With.Message.Contains("not orthonormal")
        );
        Assert.That(
            () => new OrthogonalParametrization(mixed, Random(2, 2)).Weight(),
            Throws.TypeOf<InterventionException>().With.Message.Contains("[3, 3]")
        );
    }

    private static NumericArray Random(int rows, int columns) =>
        NumericArray.Of(
            new NumpyRandom(2).StandardNormal(rows * columns).Select(number => (float)number).ToArray(),
            rows,
            columns
        );

    private static Matrix LongSeries(Matrix matrix)
    {
        var sum = Matrix.Identity(matrix.Rows);
        var term = Matrix.Identity(matrix.Rows);
        for (var degree = 1; degree <= 80; degree++)
        {
            term = term.Times(matrix).Times(1.0 / degree);
            sum.Add(term, 1);
        }

        return sum;
    }
}
