using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>What does not fit is said before anything runs: what, where, and both numbers.</summary>
public sealed class RunErrorTests
{
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([0, 5, 9, 2]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([0, 6, 1, 3]);

    [TestCase("block_outptu", "block_output")]
    [TestCase("head_mlp_output", "Components:")]
    public void An_unknown_component_is_answered_with_the_nearest_names(string component, string message) =>
        Refused(() => Load(new RepresentationConfig { Component = component }).Dispose(), message);

    [Test]
    public void A_layer_beyond_the_model_is_answered_with_those_there_are() =>
        Refused(() => Load(new RepresentationConfig { Layer = 6 }).Dispose(), "layers 0 to 5");

    [TestCase(4, "positions 0 to 3")]
    public void A_position_beyond_the_input_is_refused(int position, string message) =>
        RefusedRun(new RepresentationConfig(), message, locations: UnitLocations.SourcesToBase(position), sources: [s_source]);

    [Test]
    public void A_head_beyond_the_heads_is_refused() => RefusedRun(
        new RepresentationConfig { Component = "head_value_output", Unit = "h.pos" },
        "heads 0 to 5",
        locations: UnitLocations.SourcesToBase(UnitLocation.AtHeads([6], 0)),
        sources: [s_source]);

    [Test]
    public void A_unit_that_does_not_fit_the_component_is_refused() =>
        RefusedRun(new RepresentationConfig { Unit = "h" }, "use pos", sources: [s_source]);

    [Test]
    public void A_missing_source_is_refused() => RefusedRun(new RepresentationConfig(), "needs a source");

    [Test]
    public void Surplus_sources_are_refused() => RefusedRun(new RepresentationConfig(), "2 sources for 1", sources: [s_source, s_source]);

    [Test]
    public void A_source_with_another_batch_is_refused() =>
        RefusedRun(new RepresentationConfig(), "holds 2 examples, the base 1", sources: [s_source.Repeat(2)]);

    [Test]
    public void Different_counts_of_units_are_refused() => RefusedRun(
        new RepresentationConfig(),
        "equally many",
        locations: new UnitLocations([UnitLocation.At(1)], [UnitLocation.At(1, 2)]),
        sources: [s_source]);

    [Test]
    public void Heads_and_positions_that_are_equally_many_only_together_are_refused() => RefusedRun(
        new RepresentationConfig { Component = "head_value_output", Unit = "h.pos" },
        "the source has 1 × 2 units an example, the base 2 × 1",
        locations: new UnitLocations([UnitLocation.AtHeads([0], 1, 2)], [UnitLocation.AtHeads([0, 1], 1)]),
        sources: [s_source]);

    [Test]
    public void A_constant_of_another_width_is_refused_with_both_numbers() => RefusedRun(
        new RepresentationConfig { InterventionType = InterventionType.Addition, SourceRepresentation = NumericArray.Of(new float[7], 7) },
        "192 wide, but its constant source is floats[7]");

    [Test]
    public void An_input_that_the_model_has_not_is_refused()
    {
        using var model = Load(new RepresentationConfig { InterventionType = InterventionType.Zero });
        var inputs = new ModelInputs(s_base.Arrays.Add("pixels", NumericArray.Of(new float[1], 1)));

        Refused(() => model.Run(inputs), "no input 'pixels'");
    }

    [Test]
    public void A_cancelled_run_does_not_run()
    {
        using var model = Load(new RepresentationConfig { InterventionType = InterventionType.Zero });

        Assert.That(() => model.Run(s_base, cancellation: new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_provider_that_is_not_there_is_answered_with_those_that_are() => Refused(
        () => SessionFactory.Open(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), new ExecutionOptions { Provider = "abacus" }).Dispose(),
        "Available: ");

    [Test]
    public void Coefficients_scale_each_example_by_its_own()
    {
        var steer = new RepresentationConfig
        {
            Layer = 2,
            InterventionType = InterventionType.Addition,
            SourceRepresentation = NumericArray.Of(Enumerable.Range(0, 192).Select(index => (float)Math.Cos(index)).ToArray(), 192),
        };
        using var model = Load(steer);
        var batch = s_base.Repeat(2);
        var zero = model.Run(s_base, settings: new RunSettings { Coefficients = [Coefficient.Of(0)], OutputOriginalOutput = true });
        var three = model.Run(s_base, settings: new RunSettings { Coefficients = [Coefficient.Of(3)] });

        var both = model.Run(batch, settings: new RunSettings { Coefficients = [Coefficient.PerExample(0, 3)] });

        Assert.That(Difference.Largest(both.Intervened.LogitsAt(0, -1).Span, zero.Intervened.LogitsAt(0, -1).Span), Is.LessThan(1e-4));
        Assert.That(Difference.Largest(both.Intervened.LogitsAt(1, -1).Span, three.Intervened.LogitsAt(0, -1).Span), Is.LessThan(1e-4));
        Assert.That(Difference.Largest(zero.Intervened.Logits.Floats, zero.Original!.Logits.Floats), Is.Zero);
        Assert.That(Difference.Largest(three.Intervened.Logits.Floats, zero.Intervened.Logits.Floats), Is.GreaterThan(0.1));
    }

    private static IntervenableModel Load(RepresentationConfig representation) =>
        IntervenableModel.Load(RepositoryPaths.DefaultModel, new IntervenableConfig { Representations = [representation] });

    private static void RefusedRun(
        RepresentationConfig representation, string message, UnitLocations? locations = null, ImmutableArray<ModelInputs?>? sources = null)
    {
        using var model = Load(representation);
        Refused(() => model.Run(s_base, sources is { } given ? [.. given] : null, locations), message);
    }

    private static void Refused(Action action, string message) =>
        Assert.That(action, Throws.TypeOf<InterventionException>().With.Message.Contains(message));
}
