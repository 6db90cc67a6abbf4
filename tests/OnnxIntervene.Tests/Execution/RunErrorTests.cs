using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
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
        RefusedRun(
            new RepresentationConfig(),
            message,
            locations: UnitLocations.SourcesToBase(position),
            sources: [s_source]
        );

    [Test]
    public void A_head_beyond_the_heads_is_refused() =>
        RefusedRun(
            new RepresentationConfig { Component = "head_value_output", Unit = "h.pos" },
            "heads 0 to 5",
            locations: UnitLocations.SourcesToBase(UnitLocation.AtHeads([6], 0)),
            sources: [s_source]
        );

    [Test]
    public void A_unit_that_does_not_fit_the_component_is_refused() =>
        RefusedRun(new RepresentationConfig { Unit = "h" }, "use pos", sources: [s_source]);

    [Test]
    public void A_missing_source_is_refused() => RefusedRun(new RepresentationConfig(), "needs a source");

    [Test]
    public void Surplus_sources_are_refused() =>
        RefusedRun(new RepresentationConfig(), "2 sources for 1", sources: [s_source, s_source]);

    [Test]
    public void A_source_with_another_batch_is_refused() =>
        RefusedRun(new RepresentationConfig(), "holds 2 examples, the base 1", sources: [s_source.Repeat(2)]);

    [Test]
    public void Different_counts_of_units_are_refused() =>
        RefusedRun(
            new RepresentationConfig(),
            "equally many",
            locations: new UnitLocations([UnitLocation.At(1)], [UnitLocation.At(1, 2)]),
            sources: [s_source]
        );

    [Test]
    public void Heads_and_positions_that_are_equally_many_only_together_are_refused() =>
        RefusedRun(
            new RepresentationConfig { Component = "head_value_output", Unit = "h.pos" },
            "the source has 1 × 2 units an example, the base 2 × 1",
            locations: new UnitLocations([UnitLocation.AtHeads([0], 1, 2)], [UnitLocation.AtHeads([0, 1], 1)]),
            sources: [s_source]
        );

    [Test]
    public void A_constant_of_another_width_is_refused_with_both_numbers() =>
        RefusedRun(
            new RepresentationConfig
            {
                InterventionType = InterventionType.Addition,
                SourceRepresentation = NumericArray.Of(new float[7], 7),
            },
            "192 wide, but its constant source is floats[7]"
        );

    [Test]
    public void Parameters_for_another_width_are_refused_with_both_numbers() =>
        RefusedRun(
            new RepresentationConfig
            {
                Intervention = new SigmoidMaskIntervention(
                    NumericArray.Of(new float[7], 7),
                    NumericArray.Of(new float[1], 1)
                ),
            },
            "192 wide, but the parameters of the intervention are for 7",
            sources: [s_source]
        );

    [Test]
    public void Parameters_for_another_count_of_units_are_refused_with_both_numbers() =>
        RefusedRun(
            new RepresentationConfig
            {
                Intervention = new LowRankRotatedSpaceIntervention(NumericArray.Of(new float[192], 192, 1)),
            },
            "2 units of 192, 384 together wide, but the parameters of the intervention are for 192",
            locations: UnitLocations.SourcesToBase(UnitLocation.At(0, 2)),
            sources: [s_source]
        );

    [TestCase(new[] { 5 }, "192 wide, but its constant source is floats[5]")]
    [TestCase(new[] { 3, 192 }, "writes [1, 2, 192], to which the constant source floats[3, 192] does not broadcast")]
    [TestCase(new[] { 2, 1, 1, 192 }, "does not broadcast")]
    public void A_constant_of_another_shape_is_refused(int[] shape, string message) =>
        RefusedRun(
            new RepresentationConfig
            {
                SourceRepresentation = NumericArray.Of(
                    new float[shape.Aggregate(1, (product, size) => product * size)],
                    shape
                ),
            },
            message,
            locations: UnitLocations.SourcesToBase(UnitLocation.At(1, 2))
        );

    [TestCase(192, "there is no dimension 192; the space has the dimensions 0 to 191")]
    [TestCase(-1, "there is no dimension -1")]
    public void A_subspace_beyond_the_space_is_refused(int dimension, string message) =>
        RefusedRun(new RepresentationConfig(), message, sources: [s_source], subspaces: Subspaces.Of(dimension));

    [Test]
    public void A_subspace_beyond_the_partition_is_refused() =>
        RefusedRun(
            new RepresentationConfig
            {
                SubspacePartition =
                [
                    [0, 96],
                    [96, 192],
                ],
            },
            "there is no subspace 2; the partition has the parts 0 to 1",
            sources: [s_source],
            subspaces: Subspaces.Of(2)
        );

    [Test]
    public void Parts_that_overlap_are_refused() =>
        RefusedRun(
            new RepresentationConfig
            {
                SubspacePartition =
                [
                    [0, 96],
                    [95, 192],
                ],
            },
            "the parts 0 and 1 of the partition overlap at dimension 95",
            sources: [s_source]
        );

    [Test]
    public void A_part_beyond_the_space_is_refused() =>
        RefusedRun(
            new RepresentationConfig
            {
                SubspacePartition =
                [
                    [0, 193],
                ],
            },
            "part 0 of the partition names dimension 192",
            sources: [s_source]
        );

    [Test]
    public void Subspaces_of_a_kind_with_a_mask_of_its_own_are_refused() =>
        RefusedRun(
            new RepresentationConfig { InterventionType = InterventionType.SigmoidMask },
            "takes no subspaces",
            sources: [s_source],
            subspaces: Subspaces.Of(1)
        );

    [Test]
    public void Collecting_differently_many_dimensions_is_refused_before_anything_runs()
    {
        using var model = Load(
            new RepresentationConfig
            {
                Intervention = new LambdaIntervention(_ =>
                    throw new InvalidOperationException("A function was called.")
                ),
            },
            new RepresentationConfig { InterventionType = InterventionType.Collect }
        );
        var settings = new RunSettings
        {
            Subspaces = new Subspaces([
                null,
                [
                    [1],
                    [1, 2],
                ],
            ]),
        };

        Refused(() => model.Run(s_base.Repeat(2), settings: settings), "equally wide in every example");
    }

    [Test]
    public void Linked_interventions_of_different_width_are_refused_with_both_numbers() =>
        Refused(
            () =>
                Load(
                        new RepresentationConfig
                        {
                            InterventionType = InterventionType.RotatedSpace,
                            InterventionLinkKey = 1,
                        },
                        new RepresentationConfig
                        {
                            Component = "mlp_activation",
                            InterventionType = InterventionType.RotatedSpace,
                            InterventionLinkKey = 1,
                        }
                    )
                    .Dispose(),
            "768 wide (times 1 units), but RotatedSpace at block_output of layer 0, with which it is linked, 192"
        );

    [Test]
    public void Linked_interventions_of_different_kinds_are_refused() =>
        Refused(
            () =>
                Load(
                        new RepresentationConfig { InterventionType = InterventionType.Zero, InterventionLinkKey = 1 },
                        new RepresentationConfig { Layer = 1, InterventionLinkKey = 1 }
                    )
                    .Dispose(),
            "must be of one kind"
        );

    [Test]
    public void Groups_for_some_interventions_only_are_refused() =>
        Refused(
            () =>
            {
                using var model = Load(
                    new RepresentationConfig { GroupKey = 0 },
                    new RepresentationConfig { Layer = 1 }
                );
                model.Run(s_base, [s_source]);
            },
            "has no group key, but others have"
        );

    [Test]
    public void Skipping_a_module_that_changes_the_width_is_refused() =>
        RefusedRun(
            new RepresentationConfig { Component = "mlp_activation", InterventionType = InterventionType.Skip },
            "reads is not a component",
            sources: [s_source]
        );

    [Test]
    public void A_function_that_gives_another_shape_is_refused() =>
        RefusedRun(
            new RepresentationConfig
            {
                Intervention = new LambdaIntervention(values => values.Base.Reshape(values.Base.Length)),
            },
            "floats[1, 4, 192] was expected"
        );

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

        Assert.That(
            () => model.Run(s_base, cancellation: new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>()
        );
    }

    [Test]
    public void A_provider_that_is_not_there_is_answered_with_those_that_are() =>
        Refused(
            () =>
                SessionFactory
                    .Open(
                        Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"),
                        new ExecutionOptions { Provider = "abacus" }
                    )
                    .Dispose(),
            "Available: "
        );

    [Test]
    public void Coefficients_scale_each_example_by_its_own()
    {
        var steer = new RepresentationConfig
        {
            Layer = 2,
            InterventionType = InterventionType.Addition,
            SourceRepresentation = NumericArray.Of(
                Enumerable.Range(0, 192).Select(index => (float)Math.Cos(index)).ToArray(),
                192
            ),
        };
        using var model = Load(steer);
        var batch = s_base.Repeat(2);
        var zero = model.Run(
            s_base,
            settings: new RunSettings { Coefficients = [Coefficient.Of(0)], OutputOriginalOutput = true }
        );
        var three = model.Run(s_base, settings: new RunSettings { Coefficients = [Coefficient.Of(3)] });

        var both = model.Run(batch, settings: new RunSettings { Coefficients = [Coefficient.PerExample(0, 3)] });

        Assert.That(
            Difference.Largest(both.Intervened.LogitsAt(0, -1).Span, zero.Intervened.LogitsAt(0, -1).Span),
            Is.LessThan(1e-4)
        );
        Assert.That(
            Difference.Largest(both.Intervened.LogitsAt(1, -1).Span, three.Intervened.LogitsAt(0, -1).Span),
            Is.LessThan(1e-4)
        );
        Assert.That(Difference.Largest(zero.Intervened.Logits.Floats, zero.Original!.Logits.Floats), Is.Zero);
        Assert.That(
            Difference.Largest(three.Intervened.Logits.Floats, zero.Intervened.Logits.Floats),
            Is.GreaterThan(0.1)
        );
    }

    private static IntervenableModel Load(params ReadOnlySpan<RepresentationConfig> representations) =>
        IntervenableModel.Load(
            RepositoryPaths.DefaultModel,
            new IntervenableConfig { Representations = [.. representations] }
        );

    private static void RefusedRun(
        RepresentationConfig representation,
        string message,
        UnitLocations? locations = null,
        ImmutableArray<ModelInputs?>? sources = null,
        Subspaces? subspaces = null
    )
    {
        Refused(
            () =>
            {
                using var model = Load(representation);
                model.Run(
                    s_base,
                    sources is { } given ? [.. given] : null,
                    locations,
                    new RunSettings { Subspaces = subspaces ?? Subspaces.Whole }
                );
            },
            message
        );
    }

    private static void Refused(Action action, string message) =>
        Assert.That(action, Throws.TypeOf<InterventionException>().With.Message.Contains(message));
}
