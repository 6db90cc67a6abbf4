using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Baking;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>Steering under a condition, with the values' length kept, and clamped along a direction.</summary>
public sealed class SteeringKindTests
{
    private const string Stream = ComponentNames.BlockOutput;
    private const string Export = "llama/optimum";

    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void A_threshold_is_a_finite_number(float threshold) =>
        Assert.That(
            () => new ConditionalAdditionIntervention(Vector(4), threshold),
            Refused("'threshold'").And.Message.Contains("finite")
        );

    [TestCase(2, 1)]
    [TestCase(float.NaN, 1)]
    [TestCase(0, float.NaN)]
    [TestCase(float.PositiveInfinity, float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity, float.PositiveInfinity)]
    public void Bounds_that_bound_nothing_or_leave_nothing_are_refused(float low, float high) =>
        Assert.That(() => new ClampIntervention(Vector(4), low, high), Throws.TypeOf<InterventionException>());

    [Test]
    public void A_direction_is_one_vector_that_is_not_zero()
    {
        Assert.That(() => ClampIntervention.To(NumericArray.Of(new float[4], 4), 1), Refused("zero"));
        Assert.That(() => ClampIntervention.To(NumericArray.Of(new[] { 1, float.NaN }, 2), 1), Refused("not finite"));
        Assert.That(() => ClampIntervention.To(NumericArray.Of(new float[] { 1, 2, 3, 4 }, 2, 2), 1), Refused("one"));
        Assert.That(ClampIntervention.To(Vector(4), 1).Parameters["direction"].Shape, Is.EqualTo(new[] { 4 }));
    }

    [Test]
    public void A_direction_of_another_width_is_refused_before_anything_runs()
    {
        Assert.That(
            () => Loaded(At(0, ClampIntervention.To(Vector(5), 1))),
            Refused("64 wide").And.Message.Contains("5")
        );
    }

    [Test]
    public void A_file_says_both_bounds_one_of_them_or_neither()
    {
        var direction = ImmutableDictionary<string, NumericArray>.Empty.Add("direction", Vector(3));
        var one = NumericArray.Of(new[] { 1f }, 1);

        var capped = (ClampIntervention)
            InterventionParameters.Create(InterventionType.Clamp, direction.Add("high", one));

        Assert.That((capped.Low, capped.High), Is.EqualTo((float.NegativeInfinity, 1)));
        Assert.That(() => InterventionParameters.Create(InterventionType.Clamp, direction), Refused("needs a bound"));
    }

    [Test]
    public void Where_the_condition_holds_it_is_an_addition_and_elsewhere_nothing()
    {
        var (vector, along) = (Vector(Width(), 3), Vector(Width(), 1));
        var before = Collected(At(1, new CollectIntervention()));
        var direction = ClampIntervention.To(along, 0).Parameters["direction"];
        var lengths = Enumerable.Range(0, 10).Select(row => Along(before, row, direction)).ToList();
        // Between two rows, so that rounding decides nothing.
        var sorted = lengths.Order().ToList();
        var threshold = (float)((sorted[4] + sorted[5]) / 2);

        var after = Collected(
            At(1, new ConditionalAdditionIntervention(along, threshold)) with
            {
                SourceRepresentation = vector,
            },
            At(1, new CollectIntervention())
        );

        for (var row = 0; row < 10; row++)
            Assert.That(
                Difference.Largest(Row(after, row), Row(before, row)),
                lengths[row] > threshold ? Is.GreaterThan(0.5) : Is.Zero,
                $"row {row}"
            );
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_kept_norm_is_that_before(bool isConditional)
    {
        var vector = Vector(Width(), 3);
        Intervention intervention = isConditional
            ? new ConditionalAdditionIntervention(vector, -1e9f, keepsNorm: true)
            : new NormPreservingAdditionIntervention();
        var before = Collected(At(1, new CollectIntervention()));

        var after = Collected(
            At(1, intervention) with
            {
                SourceRepresentation = vector,
            },
            At(1, new CollectIntervention())
        );

        for (var row = 0; row < 10; row++)
        {
            Assert.That(Length(Row(after, row)), Is.EqualTo(Length(Row(before, row))).Within(1e-4));
            Assert.That(Difference.Largest(Row(after, row), Row(before, row)), Is.GreaterThan(0.1));
        }
    }

    [Test]
    public void A_clamped_length_is_between_the_bounds_also_of_two_at_one_place()
    {
        var (first, second) = (Axis(3), Axis(7));

        var after = Collected(
            At(1, new ClampIntervention(first, -0.1f, 0.1f)),
            At(1, ClampIntervention.To(second, 2)),
            At(1, new CollectIntervention())
        );

        for (var row = 0; row < 10; row++)
        {
            Assert.That(Along(after, row, first), Is.InRange(-0.1 - 1e-6, 0.1 + 1e-6));
            Assert.That(Along(after, row, second), Is.EqualTo(2).Within(1e-5));
        }

        NumericArray Axis(int index)
        {
            var numbers = new float[Width()];
            numbers[index] = 5;
            return ClampIntervention.To(NumericArray.Of(numbers, numbers.Length), 0).Parameters["direction"];
        }
    }

    [TestCase(BakedNumbers.Constant)]
    [TestCase(BakedNumbers.Adapter)]
    public void A_file_can_hold_them(BakedNumbers numbers)
    {
        var vector = Vector(Width(), 3);
        var evidence = Baked(
            new BakeRequest
            {
                Numbers = numbers,
                Settings = new RunSettings { Coefficients = Coefficients() },
            },
            At(0, new ConditionalAdditionIntervention(Vector(Width(), 1), 0.1f, keepsNorm: true)) with
            {
                SourceRepresentation = vector,
            },
            At(1, new NormPreservingAdditionIntervention()) with
            {
                SourceRepresentation = vector,
            },
            At(1, new ClampIntervention(vector, float.NegativeInfinity, 0.5f))
        );

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));

        static ImmutableArray<Coefficient> Coefficients() => [Coefficient.Of(2), Coefficient.Of(-1), Coefficient.One];
    }

    [Test]
    public void A_clamp_to_a_number_goes_into_weights_and_one_to_a_range_does_not()
    {
        var vector = Vector(Width(), 3);
        var request = new BakeRequest { Folds = true };
        var site = At(1, ClampIntervention.To(vector, 2)) with { Component = ComponentNames.MlpOutput };

        var evidence = Baked(request, site);

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(
            () => Baked(request, site with { Intervention = new ClampIntervention(vector, 0, 1) }),
            Refused("not an affine map")
        );
    }

    private static int Width()
    {
        using var model = Loaded();
        return model.Components.Get(1, Stream).Width;
    }

    private static BakeEvidence[] Baked(BakeRequest request, params ReadOnlySpan<RepresentationConfig> interventions)
    {
        using var folder = new TemporaryFolder();
        using var model = Loaded(interventions);
        return [.. Baker.Write(model, request, folder.File("out")).Evidence];
    }

    private static NumericArray Collected(params ReadOnlySpan<RepresentationConfig> interventions)
    {
        using var model = Loaded(interventions);
        using var result = model.Run(s_inputs);
        return result.Collected[0];
    }

    private static IntervenableModel Loaded(params ReadOnlySpan<RepresentationConfig> interventions) =>
        IntervenableModel.Load(
            BakingSamples.Folder(Export),
            new IntervenableConfig { Representations = [.. interventions] },
            BakingSamples.OneThread
        );

    private static RepresentationConfig At(int layer, Intervention intervention) =>
        BakingSamples.At(layer, Stream, intervention);

    private static NumericArray Vector(int width, int seed = 1) => BakingSamples.Numbers(seed, 1, width);

    private static float[] Row(NumericArray rows, int row) =>
        rows.Floats.Slice(row * rows.Shape[^1], rows.Shape[^1]).ToArray();

    private static double Along(NumericArray rows, int row, NumericArray direction) =>
        Row(rows, row).Zip(direction.Floats.ToArray(), (x, d) => (double)x * d).Sum();

    private static double Length(float[] row) => Math.Sqrt(row.Sum(x => (double)x * x));

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string reason) =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason);
}
