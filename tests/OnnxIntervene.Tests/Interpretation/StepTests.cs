using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// Interventions on the steps of a recurrent layer equal a computation step by step, whether the graph holds an
/// operator or writes the steps out.
/// </summary>
public sealed class StepTests
{
    private const int Batch = 2;
    private const int Steps = 5;
    private const int Width = 12;
    private const double Tolerance = 2e-5;

    private static readonly RepresentationConfig s_cell = new() { Component = "cell_output", Unit = "t" };

    private static readonly InterventionType[] s_kinds =
    [
        .. DrawnKinds.All.Except([
            InterventionType.Collect,
            InterventionType.Skip,
            InterventionType.LoRA,
            InterventionType.Lambda,
        ]),
    ];

    [Test, Combinatorial]
    public void Every_kind_changes_the_chosen_steps_and_what_follows(
        [Values("unrolled", "gru-op")] string export,
        [ValueSource(nameof(s_kinds))] InterventionType kind
    )
    {
        var draws = new Draws(DrawnKinds.NumberOf(kind));
        var intervention = Drawn(draws, kind);
        var reference = new StepReference();
        var (@base, source) = (Inputs(draws), Inputs(draws));
        var latents = kind.HasParameters ? intervention.Sizes.Latents : Width;
        ImmutableArray<ImmutableArray<int>>? rows = kind.TakesSubspaces
            ?
            [
                [0],
                [.. Enumerable.Range(0, (latents + 1) / 2)],
            ]
            : null;
        int[] from = [3, 0],
            to = [1, 2];
        using var model = Load(export, s_cell with { Intervention = intervention });

        var result = model.Run(
            @base,
            intervention.Type.NeedsSource || kind == InterventionType.Custom ? [source] : null,
            new UnitLocations([Each(from)], [Each(to)]),
            new RunSettings
            {
                Subspaces = new Subspaces([rows]),
                Coefficients = intervention.Type.HasCoefficient ? [Coefficient.PerExample(2, -1)] : [],
                OutputOriginalOutput = true,
            }
        );

        var states = reference.Run(source.Arrays["inputs_embeds"], (_, _, state) => state);
        var expected = reference.Run(
            @base.Arrays["inputs_embeds"],
            (example, step, state) =>
                step != to[example]
                    ? state
                    : KindFormulas.Apply(
                        intervention,
                        new KindInputs(state, Source(example), null, example == 0 ? 2 : -1, rows?[example].ToHashSet())
                    )
        );
        Assert.That(Difference.Largest(result.Intervened.Logits.Floats, expected), Is.LessThan(Tolerance));
        var plain = reference.Run(@base.Arrays["inputs_embeds"], (_, _, state) => state);
        Assert.That(Difference.Largest(result.Original!.Logits.Floats, plain), Is.LessThan(Tolerance));
        Assert.That(Difference.Largest(expected, plain), Is.GreaterThan(1e-2));

        double[] Source(int example) =>
            kind.IsSourceConstant ? ConstantOf(intervention) : StateOf(states, example, from[example]);
    }

    [TestCase("unrolled")]
    [TestCase("gru-op")]
    public void Several_steps_and_interventions_follow_each_other(string export)
    {
        var (draws, reference) = (new Draws(1), new StepReference());
        var (inputs, shift) = (Inputs(draws), draws.Normal(1, Width));
        using var model = Load(export, ZeroAddCollect(shift));
        var (zeroed, shifted) = (
            new UnitLocation([
                [0, 3],
                [2],
            ]),
            UnitLocation.At(3, 1)
        );

        var result = model.Run(
            inputs,
            unitLocations: new UnitLocations([null], [zeroed, shifted, null]),
            settings: new RunSettings
            {
                Subspaces = new Subspaces([
                    [
                        [1, 5],
                    ],
                    null,
                    null,
                ]),
            }
        );

        var expected = reference.Run(inputs.Arrays["inputs_embeds"], ZeroThenShift);
        Assert.That(Difference.Largest(result.Intervened.Logits.Floats, expected), Is.LessThan(Tolerance));
        Assert.That(Difference.Largest(result.Collected[0].Floats, expected), Is.LessThan(Tolerance));

        double[] ZeroThenShift(int example, int step, double[] state)
        {
            if (zeroed.Units[example].Contains(step))
                (state[1], state[5]) = (0, 0);
            return step is 1 or 3 ? Rows.Add(state, Rows.Of(shift)) : state;
        }
    }

    [TestCase("unrolled")]
    [TestCase("gru-op")]
    public void A_function_is_given_the_chosen_steps(string export)
    {
        var (draws, reference) = (new Draws(2), new StepReference());
        var inputs = Inputs(draws);
        using var model = Load(export, s_cell with { Intervention = new LambdaIntervention(SampleCode.Turn) });

        var result = model.Run(inputs, unitLocations: new UnitLocations([null], [UnitLocation.At(2)]));

        var expected = reference.Run(
            inputs.Arrays["inputs_embeds"],
            (_, step, state) => step == 2 ? [.. state.Reverse()] : state
        );
        Assert.That(Difference.Largest(result.Intervened.Logits.Floats, expected), Is.LessThan(Tolerance));
    }

    [Test]
    public void Steps_cannot_be_rotated_together()
    {
        var draws = new Draws(3);
        var rotation = new ParameterDraw(draws, 2 * Width, 0).Of(
            InterventionType.RotatedSpace,
            () => draws.Normal(1, Width),
            takesSource: false
        );
        using var model = Load("gru-op", s_cell with { Intervention = rotation });

        Assert.That(
            () => model.Run(Inputs(draws), [Inputs(draws)], UnitLocations.SourcesToBase(UnitLocation.At(0, 1))),
            Throws.TypeOf<InterventionException>().With.Message.Contains("changes steps one by one")
        );
    }

    private static RepresentationConfig[] ZeroAddCollect(NumericArray shift) =>
        [
            s_cell with
            {
                InterventionType = InterventionType.Zero,
            },
            s_cell with
            {
                InterventionType = InterventionType.Addition,
                SourceRepresentation = shift,
            },
            s_cell with
            {
                InterventionType = InterventionType.Collect,
            },
        ];

    private static Intervention Drawn(Draws draws, InterventionType kind)
    {
        var drawn = new ParameterDraw(draws, Width, 0).Of(kind, () => draws.Normal(1, Width), takesSource: true);
        return drawn switch
        {
            NoiseIntervention => new NoiseIntervention(draws.Normal(1, 1, 1, Width), 0.7f),
            // States are small; most lie above this.
            ConditionalAdditionIntervention => new ConditionalAdditionIntervention(draws.Normal(1, Width), -1),
            _ => drawn,
        };
    }

    private static double[] ConstantOf(Intervention intervention) =>
        Rows.Of(intervention.Parameters.First(entry => entry.Value.Length >= Width).Value);

    private static double[] StateOf(float[] states, int example, int step) =>
        [.. states.AsSpan(((example * Steps) + step) * Width, Width).ToArray().Select(number => (double)number)];

    private static IntervenableModel Load(string export, params ReadOnlySpan<RepresentationConfig> representations) =>
        IntervenableModel.Load(
            StepReference.PathOf(export),
            new IntervenableConfig { Representations = [.. representations] },
            new ExecutionOptions { Threads = 1 }
        );

    private static UnitLocation Each(int[] steps) => new([.. steps.Select(step => ImmutableArray.Create(step))]);

    private static ModelInputs Inputs(Draws draws) =>
        new(ImmutableDictionary<string, NumericArray>.Empty.Add("inputs_embeds", draws.Normal(1, Batch, Steps, Width)));
}
