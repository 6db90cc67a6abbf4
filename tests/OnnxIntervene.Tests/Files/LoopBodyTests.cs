using OnnxIntervene.Components;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Files;

/// <summary>Tensors in the body of a Loop or Scan are reached step by step, each example at its own steps.</summary>
public sealed class LoopBodyTests
{
    private const int Batch = 2;

    // What the body adds up, and the function that makes of it what the next step starts from.
    private static readonly (string Type, string Tensor, int Steps)[] s_loops =
    [
        ("Loop", "inside_step", 3),
        ("Scan", "inside_row", 4),
    ];

    [TestCaseSource(nameof(s_loops))]
    public void Steps_are_read_as_they_are_computed((string Type, string Tensor, int Steps) loop)
    {
        var (collected, result) = Run(loop, InterventionType.Collect, null, null);
        var expected = Unrolled(loop, result.Hidden, (_, _, row) => row);

        Assert.That(collected.Collected[0].Shape, Is.EqualTo(new[] { Batch, loop.Steps, expected[0].Length / Batch }));
        Assert.That(
            ByStep(collected.Collected[0]).SelectMany(row => row),
            Is.EqualTo(expected.SelectMany(row => row)).Within(1e-5)
        );
    }

    [TestCaseSource(nameof(s_loops))]
    public void A_zeroed_step_changes_what_follows_in_its_example_alone((string Type, string Tensor, int Steps) loop)
    {
        var (result, plain) = Run(
            loop,
            InterventionType.Zero,
            new UnitLocation([
                [1],
                [2],
            ]),
            null
        );
        var expected = Unrolled(
            loop,
            plain.Hidden,
            (step, example, row) => step == example + 1 ? new float[row.Length] : row
        );

        Assert.That(
            ByStep(result.Collected[0]).SelectMany(row => row),
            Is.EqualTo(expected.SelectMany(row => row)).Within(1e-5)
        );
        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats),
            Is.GreaterThan(1e-3)
        );
    }

    [TestCaseSource(nameof(s_loops))]
    public void A_constant_is_added_to_some_dimensions_of_a_step((string Type, string Tensor, int Steps) loop)
    {
        var (result, plain) = Run(loop, InterventionType.Addition, UnitLocation.At(0), Subspaces.Of(1, 3));
        var expected = Unrolled(
            loop,
            plain.Hidden,
            (step, _, row) =>
                step == 0
                    ?
                    [
                        .. row.Select(
                            (number, index) =>
                                index is 1 or 3 ? number + (2 * Constant(row.Length).Floats[index]) : number
                        ),
                    ]
                    : row
        );

        Assert.That(
            ByStep(result.Collected[0]).SelectMany(row => row),
            Is.EqualTo(expected.SelectMany(row => row)).Within(1e-5)
        );
    }

    [TestCaseSource(nameof(s_loops))]
    public void A_swap_with_itself_and_no_step_at_all_change_nothing((string Type, string Tensor, int Steps) loop)
    {
        var (swapped, _) = Run(
            loop,
            InterventionType.Vanilla,
            new UnitLocation([
                [0, 2],
                [1, 2],
            ]),
            null
        );

        Assert.That(swapped.Intervened.Logits.Floats.SequenceEqual(swapped.Original!.Logits.Floats));
    }

    [TestCaseSource(nameof(s_loops))]
    public void A_map_names_a_tensor_of_a_body_as_the_steps_that_it_is((string Type, string Tensor, int Steps) loop)
    {
        var model = SubgraphModels.Of(loop.Type);
        var raw = ComponentMap.Find(model).Get(0, loop.Tensor);

        var mapped = Map("").Get(0, "probe");

        Assert.That(
            (mapped.Source, mapped.Width, mapped.Unit, mapped.Axes),
            Is.EqualTo((raw.Source, raw.Width, "t", 3))
        );
        using var folder = new TemporaryFolder();
        ComponentMapFile.Write(folder.File("map.json"), model, Map(""));
        var again = ComponentMap
            .Find(model, new ComponentSearchOptions { Overrides = ComponentMapFile.Read(folder.File("map.json")) })
            .Get(0, "probe");
        Assert.That(again, Is.EqualTo(mapped));
        foreach (
            var (fields, field) in new[]
            {
                (", \"heads\": 2", "heads"),
                (", \"range\": [0, 2]", "range"),
                (", \"unit\": \"pos\"", "unit"),
                (", \"width\": 5", "width"),
            }
        )
            Assert.That(
                () => Map(fields),
                Throws.TypeOf<InterventionException>().With.Message.Contains($"$.components[0].{field}")
            );

        ComponentMap Map(string fields) =>
            ComponentMap.Find(
                model,
                new ComponentSearchOptions
                {
                    Overrides = ComponentMapFile.Parse(
                        $$"""{"components": [{"layer": 0, "component": "probe", "tensor": "{{loop.Tensor}}"{{fields}}}]}"""
                    ),
                }
            );
    }

    private static (RunResult Result, (NumericArray Hidden, FileSample Sample) Plain) Run(
        (string Type, string Tensor, int Steps) loop,
        InterventionType type,
        UnitLocation? location,
        Subspaces? subspaces
    )
    {
        var sample = FileSample.Of(loop.Type, SubgraphModels.Of(loop.Type), "hidden");
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sample.Model, folder.File("model.onnx"));
        var site = new RepresentationConfig
        {
            Component = loop.Tensor,
            Unit = "t",
            InterventionType = type,
        };
        var read = site with { InterventionType = InterventionType.Collect };
        var config = new IntervenableConfig
        {
            Representations = type == InterventionType.Collect ? [site] : [site, read],
        };
        using var model = IntervenableModel.Load(
            folder.File("model.onnx"),
            config,
            new ExecutionOptions { Threads = 1 }
        );
        var width = model.Components.Get(0, loop.Tensor).Width;
        var settings = new RunSettings
        {
            OutputOriginalOutput = true,
            Coefficients = type.HasCoefficient ? [Coefficient.Of(2)] : [],
            Subspaces = subspaces is null ? Subspaces.Whole : new Subspaces([subspaces.Rows[0], null]),
            SourceRepresentations = type == InterventionType.Addition ? [Constant(width), null] : [],
        };
        var locations = location is null
            ? UnitLocations.Everywhere
            : new UnitLocations([location, null], [location, null]);
        var result = model.Run(
            sample.Inputs(),
            type == InterventionType.Vanilla ? [sample.Inputs()] : null,
            locations,
            settings
        );
        return (result, (Hidden(sample), sample));
    }

    private static NumericArray Hidden(FileSample sample)
    {
        var model = sample.Model.Copy();
        var hidden = model.Graph.FindValue("hidden")!;
        hidden.Type = ModelSketch.Type(ElementType.Float32, -1, 4, 6);
        model.Graph.AddOutput(hidden);
        return PlainRun.Output(model, sample.Arrays, "hidden");
    }

    private static NumericArray Constant(int width) =>
        NumericArray.Of(Enumerable.Range(0, width).Select(index => (float)Math.Cos(index)).ToArray(), width);

    // The loop's arithmetic by hand: what is inside at each step, after the change.
    private static List<float[]> Unrolled(
        (string Type, string Tensor, int Steps) loop,
        NumericArray hidden,
        Func<int, int, float[], float[]> change
    )
    {
        var (positions, width) = (hidden.Shape[1], hidden.Shape[2]);
        var steps = new List<float[]>();
        var states = Enumerable
            .Range(0, Batch)
            .Select(example => Start(loop.Type, hidden.Row(example), positions, width))
            .ToArray();
        for (var step = 0; step < loop.Steps; step++)
        {
            var inside = states
                .Select(
                    (state, example) =>
                        Sum(
                            state,
                            loop.Type == "Loop" ? hidden.Row(example).Floats : hidden.Row(example).Row(step).Floats
                        )
                )
                .ToArray();
            var seen = inside.Select((row, example) => change(step, example, row)).ToArray();
            steps.AddRange(seen);
            states =
            [
                .. seen.Select(row =>
                    Array.ConvertAll(
                        row,
                        number => loop.Type == "Loop" ? 1 / (1 + MathF.Exp(-number)) : MathF.Tanh(number)
                    )
                ),
            ];
        }

        return
        [
            .. Enumerable
                .Range(0, loop.Steps)
                .Select(step => steps.Skip(step * Batch).Take(Batch).SelectMany(row => row).ToArray()),
        ];
    }

    private static float[] Start(string type, NumericArray hidden, int positions, int width) =>
        type == "Loop"
            ? hidden.Floats.ToArray()
            :
            [
                .. Enumerable
                    .Range(0, width)
                    .Select(index =>
                        Enumerable.Range(0, positions).Select(row => hidden.Row(row)).Average(row => row.Floats[index])
                    ),
            ];

    private static float[] Sum(float[] state, ReadOnlySpan<float> part)
    {
        var sum = (float[])state.Clone();
        for (var index = 0; index < sum.Length; index++)
            sum[index] += part[index];
        return sum;
    }

    // [batch, step, width] step by step, examples one after the other.
    private static IEnumerable<float[]> ByStep(NumericArray collected) =>
        Enumerable
            .Range(0, collected.Shape[1])
            .Select(step =>
                Enumerable
                    .Range(0, Batch)
                    .SelectMany(example => collected.Row(example).Row(step).Floats.ToArray())
                    .ToArray()
            );
}
