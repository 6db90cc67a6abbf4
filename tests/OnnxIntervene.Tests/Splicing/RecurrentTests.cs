using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// The state of an LSTM or RNN in one operator is cut at a step, each example at its own, and later steps follow from
/// it.
/// </summary>
public sealed class RecurrentTests
{
    private const int Batch = 2;
    private const int Steps = 5;
    private const int InputWidth = 3;
    private const int Width = 6;
    private const double Tolerance = 1e-5;

    // The first example is cut at its second step, the second at its fourth.
    private static readonly int[] s_cuts = [1, 3];
    private static readonly UnitLocation s_units = new([
        [1],
        [3],
    ]);

    [TestCase("LSTM", 17)]
    [TestCase("RNN", 17)]
    [TestCase("LSTM", 9)]
    [TestCase("RNN", 11)]
    public void Zeros_at_each_examples_own_step_go_on_into_later_steps(string type, int operatorSet)
    {
        var result = Run(type, InterventionType.Zero, operatorSet);

        Check(type, result, (row, step, state) => step == s_cuts[row] ? new double[Width] : state);
    }

    [TestCase("LSTM")]
    [TestCase("RNN")]
    public void A_source_at_each_examples_own_step_goes_on_into_later_steps(string type)
    {
        var result = Run(type, InterventionType.Vanilla);

        var sources = Enumerable
            .Range(0, Batch)
            .Select(row => States(type, Source(), row, (_, state) => state))
            .ToList();
        Check(
            type,
            result,
            (row, step, state) =>
                step == s_cuts[row]
                    ? [.. sources[row].AsSpan(step * Width, Width).ToArray().Select(number => (double)number)]
                    : state
        );
    }

    [TestCase("LSTM")]
    [TestCase("RNN")]
    public void An_addition_goes_on_into_later_steps(string type)
    {
        var result = Run(type, InterventionType.Addition);

        var sources = Enumerable
            .Range(0, Batch)
            .Select(row => States(type, Source(), row, (_, state) => state))
            .ToList();
        Check(
            type,
            result,
            (row, step, state) =>
                step == s_cuts[row]
                    ? [.. state.Select((number, index) => number + sources[row][(step * Width) + index])]
                    : state
        );
    }

    [TestCase("LSTM")]
    [TestCase("RNN")]
    public void A_collect_reads_the_state_behind_each_examples_own_step(string type)
    {
        var collected = Run(type, InterventionType.Collect).Collected[0];

        float[] expected =
        [
            .. Enumerable
                .Range(0, Batch)
                .SelectMany(row =>
                    States(type, Base(), row, (_, state) => state).Skip(s_cuts[row] * Width).Take(Width)
                ),
        ];
        Assert.That(collected.Shape, Is.EqualTo(new[] { Batch, 1, Width }));
        Assert.That(Difference.Largest(collected.Floats, expected), Is.LessThanOrEqualTo(Tolerance));
    }

    private static void Check(string type, RunResult result, Func<int, int, double[], double[]> change)
    {
        float[] expected =
        [
            .. Enumerable
                .Range(0, Batch)
                .SelectMany(row => States(type, Base(), row, (step, state) => change(row, step, state))),
        ];
        float[] plain =
        [
            .. Enumerable.Range(0, Batch).SelectMany(row => States(type, Base(), row, (_, state) => state)),
        ];
        Assert.That(Difference.Largest(result.Intervened.Logits.Floats, expected), Is.LessThanOrEqualTo(Tolerance));
        Assert.That(Difference.Largest(result.Original!.Logits.Floats, plain), Is.LessThanOrEqualTo(Tolerance));
        for (var row = 0; row < Batch; row++)
        {
            var (start, cut) = (row * Steps * Width, s_cuts[row] * Width);
            var changed = result.Intervened.Logits.Floats.Slice(start, Steps * Width);
            var kept = result.Original.Logits.Floats.Slice(start, Steps * Width);
            Assert.That(
                Difference.Largest(changed[..cut], kept[..cut]),
                Is.LessThanOrEqualTo(Tolerance),
                "steps before the cut"
            );
            Assert.That(
                Difference.Largest(changed[(cut + Width)..], kept[(cut + Width)..]),
                Is.GreaterThan(1e-3),
                "steps after the cut"
            );
        }
    }

    private static float[] States(string type, NumericArray features, int row, Func<int, double[], double[]> change)
    {
        var constants = Model(type).Graph.Initializers.ToDictionary(value => value.Name, value => value.Initializer!);
        var reference = new RecurrentReference(
            type == "LSTM",
            constants["input_weights"].ReadFloats(),
            constants["state_weights"].ReadFloats(),
            constants["bias"].ReadFloats(),
            Width
        );
        return reference.Run(features.Row(row).Floats, Steps, change);
    }

    private static Model Model(string type, int operatorSet = 17)
    {
        var gates = type == "LSTM" ? 4 : 1;
        var sketch = new ModelSketch(8, operatorSet);
        var x = sketch.Input("features", -1, -1, InputWidth);
        Value?[] inputs =
        [
            sketch.Op("by_step", "Transpose", [x], NodeAttribute.Of("perm", [1L, 0, 2])),
            sketch.Weights("input_weights", 1, gates * Width, InputWidth),
            sketch.Weights("state_weights", 1, gates * Width, Width),
            sketch.Weights("bias", 1, 2 * gates * Width),
        ];
        var states = sketch.Op("states", type, inputs, NodeAttribute.Of("hidden_size", (long)Width));
        var flat =
            operatorSet < 13
                ? sketch.Op("flat", "Squeeze", [states], NodeAttribute.Of("axes", [1L]))
                : sketch.Op("flat", "Squeeze", [states, sketch.Integers("direction", 1)]);
        var y = sketch.Op("y", "Transpose", [flat], NodeAttribute.Of("perm", [1L, 0, 2]));
        y.Type = ModelSketch.Type(ElementType.Float32, -1, -1, Width);
        return sketch.Build(y);
    }

    private static NumericArray Base() => Features(1);

    private static NumericArray Source() => Features(2);

    private static NumericArray Features(int seed) =>
        NumericArray.Of(
            Enumerable
                .Range(0, Batch * Steps * InputWidth)
                .Select(index => (float)Math.Sin(seed + (3 * index)))
                .ToArray(),
            Batch,
            Steps,
            InputWidth
        );

    private static RunResult Run(string type, InterventionType intervention, int operatorSet = 17)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(Model(type, operatorSet), folder.File("model.onnx"));
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Component = "cell_output",
                    Unit = "t",
                    InterventionType = intervention,
                },
            ],
        };
        using var model = IntervenableModel.Load(
            folder.File("model.onnx"),
            config,
            new ExecutionOptions { Threads = 1 }
        );
        var (inputs, source) = (Inputs(Base()), Inputs(Source()));
        return model.Run(
            inputs,
            intervention.NeedsSource ? [source] : null,
            UnitLocations.SourcesToBase(s_units),
            new RunSettings { OutputOriginalOutput = true }
        );

        static ModelInputs Inputs(NumericArray features) =>
            new(System.Collections.Immutable.ImmutableDictionary<string, NumericArray>.Empty.Add("features", features));
    }
}
