using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// Gradients by the parameters of random runs are the slopes of the slow reference, which knows no rule of
/// differentiation: central differences of its loss.
/// </summary>
public sealed class RandomGradientTests
{
    private const double Step = 1e-2;

    // A boundary counts in shares of the width, and the masks' edge is a few dimensions wide.
    private const double BoundaryStep = 2e-3;

    // The reference computes in 32 bits between the sites: a loss of 5 is known to 1e-6, and its slope to 1e-4.
    private const double Tolerance = 2e-3;
    private const int Runs = 2;

    private static readonly string[] s_models = ["gpt2/optimum", "llama/dynamo"];

    private readonly DrawnModels _models = new();

    [TearDown]
    public void Forget() => _models.Forget();

    [OneTimeTearDown]
    public void Close() => _models.Dispose();

    public static IEnumerable<InterventionType> Kinds() => InterventionType.All.Where(kind => kind.IsTrainable);

    [Test, Combinatorial]
    public void Gradients_of_random_runs_are_the_references_slopes(
        [ValueSource(nameof(s_models))] string name,
        [ValueSource(nameof(Kinds))] InterventionType kind
    )
    {
        var cut = _models.Cut(name);
        using var loaded = _models.Open(name);
        var steepest = 0.0;
        for (var number = 0; number < Runs; number++)
        {
            var seed = (1000 * DrawnKinds.NumberOf(kind)) + (100 * number);
            steepest = Math.Max(steepest, Judge(cut, loaded, Drawn(cut, kind, number == 0, seed), seed));
            cut.Forget();
        }

        Assert.That(steepest, Is.GreaterThan(0.01), "no parameter changed the loss");
    }

    // What the first intervention trains changes the loss by what the next source's run reads alone.
    [Test]
    public void Gradients_of_random_chains_are_the_references_slopes(
        [ValueSource(nameof(KindsOfChains))] InterventionType kind
    )
    {
        var cut = _models.Cut(s_models[1]);
        using var loaded = _models.Open(s_models[1]);
        for (var seed = 1000 * DrawnKinds.NumberOf(kind); ; seed++)
        {
            var run = new RunDraw(cut, new Draws(seed)).Draw(kind, isAlone: false);
            if (!IsChain(cut, run) || SlopeThroughChain(loaded, run) < 0.01)
                continue;
            Assert.That(Judge(cut, loaded, run, seed), Is.GreaterThan(0.01));
            return;
        }
    }

    private static IEnumerable<InterventionType> KindsOfChains() => Kinds().Where(kind => kind.NeedsSource);

    // Some member of the next group reads at or after the tensor that the first intervention writes.
    private static bool IsChain(CutModel cut, DrawnRun run) =>
        run is { Config.Mode: InterventionMode.Serial, Sources: { } sources }
        && run.Config.Representations.All(item => item.Intervention?.Type.CallsFunction is not true)
        && sources.All(source => source is not null)
        && run.Config.Representations.Skip(1).All(item => item.InterventionLinkKey is null)
        && SourceGroups.Of(run.Config) is var groups
        && groups.Of(0) + 1 < groups.Count
        && groups.Members(groups.Of(0) + 1).Any(index => PlaceOf(cut, run, index) >= PlaceOf(cut, run, 0));

    private static int PlaceOf(CutModel cut, DrawnRun run, int index)
    {
        var item = run.Config.Representations[index];
        return cut.PlaceOf(CutModel.TensorOf(cut.Components.Get(item.Layer, item.Component)).Name);
    }

    // 0 where nothing that the first changes is read.
    private static double SlopeThroughChain(LoadedModel loaded, DrawnRun run)
    {
        using var model = loaded.With(run.Config);
        using var trainer = new Trainer(model);
        try
        {
            return trainer
                .Gradients(BatchOf(run, LabelsOf(run, 0)))
                .Parameters.Where(parameter => parameter.Intervention == 0)
                .Max(parameter => Math.Sqrt(Dot(parameter.Gradient, parameter.Gradient)));
        }
        catch (InterventionException fault) when (fault.Message.Contains("does not depend"))
        {
            return 0;
        }
    }

    // A kind that is not trained is gone back through, to what lies below it.
    [Test]
    public void Gradients_go_through_steering(
        [Values("ConditionalAddition", "NormPreservingAddition", "Clamp")] string steering
    )
    {
        const int Seed = 6;
        var cut = _models.Cut(s_models[1]);
        using var loaded = _models.Open(s_models[1]);
        var (lower, upper) = (
            loaded.Components.Get(0, "mlp_output").Width,
            loaded.Components.Get(1, "block_output").Width
        );
        var draws = new Draws(Seed);
        var run = new RunDraw(cut, draws).Draw(InterventionType.Collect, isAlone: true);
        var learned = new ParameterDraw(draws, lower, lower).Of(InterventionType.LoReFT, () => null!, false);
        var kind = InterventionType.Parse(steering);
        // A bound is a kink, which differences would step over; a clamp to a number has none.
        var steered =
            kind == InterventionType.Clamp
                ? ClampIntervention.To(draws.Normal(1, upper), 1.5f)
                : new ParameterDraw(draws, upper, upper).Of(kind, () => null!, false);
        var source = draws.Normal(1, upper);
        ImmutableArray<RepresentationConfig> both =
        [
            new() { Component = "mlp_output", Intervention = learned },
            new()
            {
                Layer = 1,
                Intervention = steered,
                SourceRepresentation = kind.NeedsSource ? source : null,
            },
        ];
        run = run with
        {
            Config = new IntervenableConfig { Representations = both },
            Sources = null,
            Locations = UnitLocations.Everywhere,
            Settings = new RunSettings(),
        };

        Assert.That(Judge(cut, loaded, run, Seed), Is.GreaterThan(0.01));
    }

    // Functions of C# have no gradient.
    private static DrawnRun Drawn(CutModel cut, InterventionType kind, bool isAlone, int seed)
    {
        while (true)
        {
            var run = new RunDraw(cut, new Draws(seed++)).Draw(kind, isAlone);
            if (
                run.Config.Mode == InterventionMode.Parallel
                && run.Config.Representations.All(item => item.Intervention?.Type.CallsFunction is not true)
            )
                return run;
        }
    }

    // Gives the largest slope.
    private static double Judge(CutModel cut, LoadedModel loaded, DrawnRun run, int seed)
    {
        var labels = LabelsOf(run, seed);
        using var model = loaded.With(run.Config);
        using var trainer = new Trainer(model);
        var given = trainer.Gradients(BatchOf(run, labels));
        Assert.That(
            given.Loss,
            Is.EqualTo(LossOf(cut, run, model.Interventions, labels)).Within(1e-4),
            $"seed {seed}: {run}"
        );
        return given
            .Parameters.SelectMany(gradient =>
                new[] { gradient.Gradient, Drawn(gradient.Gradient, seed) }.Select(direction =>
                    Slope(gradient, direction, $"seed {seed}, {gradient.Name}: {run}", Loss(gradient, direction))
                )
            )
            .Max();

        Func<double, double> Loss(ParameterGradient gradient, NumericArray direction) =>
            size =>
            {
                var own = model.Interventions.Distinct<object>(ReferenceEqualityComparer.Instance).ToList();
                var moved = Moved((Intervention)own[gradient.Intervention], gradient.Name, direction, size);
                ImmutableArray<Intervention> all =
                [
                    .. model.Interventions.Select(item =>
                        ReferenceEquals(item, own[gradient.Intervention]) ? moved : item
                    ),
                ];
                return LossOf(cut, With(run, all), all, labels);
            };
    }

    private static long[] LabelsOf(DrawnRun run, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, run.Base.BatchSize).Select(_ => (long)random.Next(60))];
    }

    private static TrainingBatch BatchOf(DrawnRun run, long[] labels) =>
        new(run.Base, run.Sources ?? [], new CrossEntropyLoss(NumericArray.Of(labels, labels.Length)))
        {
            UnitLocations = run.Locations,
            Settings = run.Settings with { OutputOriginalOutput = false },
        };

    private static NumericArray Drawn(NumericArray like, int seed) =>
        NumericArray.Of(
            new NumpyRandom((uint)seed).StandardNormal(like.Length).Select(number => (float)number).ToArray(),
            like.Shape.AsSpan()
        );

    // The slope along a direction of length 1, which must be that of the reference's loss.
    private static double Slope(
        ParameterGradient gradient,
        NumericArray direction,
        string message,
        Func<double, double> loss
    )
    {
        var length = Math.Sqrt(Dot(direction, direction));
        if (length < 1e-6)
            return 0;
        var slope = Dot(gradient.Gradient, direction) / length;
        var step = gradient.Name == BoundlessRotatedSpaceIntervention.BoundariesName ? BoundaryStep : Step;
        // Richardson's extrapolation: the error of the fourth power of the step.
        var difference = ((4 * Difference(step / 2)) - Difference(step)) / 3;
        Assert.That(slope, Is.EqualTo(difference).Within(Tolerance * Math.Max(1, Math.Abs(slope))), message);
        return Math.Abs(slope);

        double Difference(double by) => (loss(by / length) - loss(-by / length)) / (2 * by);
    }

    private static DrawnRun With(DrawnRun run, ImmutableArray<Intervention> interventions) =>
        run with
        {
            Config = run.Config with
            {
                Representations =
                [
                    .. run.Config.Representations.Select(
                        (item, index) => item with { Intervention = interventions[index] }
                    ),
                ],
            },
        };

    // A rotation moves as torch's does: through the numbers that it is made of.
    private static Intervention Moved(Intervention intervention, string name, NumericArray direction, double size)
    {
        if (intervention.Parameters.TryGetValue(name, out var array))
            return InterventionParameters.Create(
                intervention.Type,
                intervention.Parameters.SetItem(name, Sum(array, direction, size))
            );
        const string Weight = "rotate_layer.weight";
        var start = OrthogonalParametrization.FromWeight(intervention.Parameters[Weight]);
        var numbers = Sum(start.Original, direction, size).Floats.ToArray();
        // The whole part of the diagonal counts reflections, and is no number to move.
        for (var index = 0; index < start.Original.Shape[1]; index++)
            numbers[index * (start.Original.Shape[1] + 1)] = -1;
        var moved = start with { Original = NumericArray.Of(numbers, start.Original.Shape.AsSpan()) };
        return InterventionParameters.Create(
            intervention.Type,
            intervention.Parameters.SetItem(Weight, moved.Weight())
        );
    }

    private static double LossOf(CutModel cut, DrawnRun run, ImmutableArray<Intervention> interventions, long[] labels)
    {
        var (output, _) = new ReferenceInterpreter(cut, run, interventions).Run();
        var last = LastTokens.Of(run.Base);
        var sum = 0.0;
        for (var row = 0; row < labels.Length; row++)
        {
            var logits = output.Row(row).Row(last[row]).Floats.ToArray().Select(number => (double)number).ToList();
            var largest = logits.Max();
            sum += largest + Math.Log(logits.Sum(logit => Math.Exp(logit - largest))) - logits[(int)labels[row]];
        }

        return sum / labels.Length;
    }

    private static NumericArray Sum(NumericArray array, NumericArray direction, double size) =>
        NumericArray.Of(
            array.Floats.ToArray().Zip(direction.Floats.ToArray(), (x, d) => (float)(x + (size * d))).ToArray(),
            array.Shape.AsSpan()
        );

    private static double Dot(NumericArray one, NumericArray other)
    {
        var sum = 0.0;
        for (var index = 0; index < one.Length; index++)
            sum += (double)one.Floats[index] * other.Floats[index];
        return sum;
    }
}
