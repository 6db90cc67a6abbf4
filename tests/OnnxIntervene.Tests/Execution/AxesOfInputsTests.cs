using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Execution;

/// <summary>
/// Examples and positions are counted on a tensor's own axes, which are followed from the inputs: whatever the file
/// calls them, and however many there are of each.
/// </summary>
public sealed class AxesOfInputsTests
{
    // As many steps as examples, so that sizes tell nothing.
    private const int Count = 4;

    [TestCase("batch", "steps")]
    [TestCase(null, null)]
    public void Positions_of_a_tensor_whose_steps_come_first_are_refused(string? batch, string? steps)
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Graph.AddInput("features", Named(ElementType.Float32, batch, steps, 6));
        var turned = sketch.Op("turned", "Transpose", [x], NodeAttribute.Of("perm", [1L, 0L, 2L]));
        var y = sketch.Op("y", "Tanh", [sketch.Op("inside", "MatMul", [turned, sketch.Weights("weights", 6, 6)])]);
        y.Type = Named(ElementType.Float32, steps, batch, 6);
        using var model = Load(sketch.Build(y), "inside");

        Assert.That(() => model.Run(Features(Count), null, At(1)), Refused("its first axis"));
        Assert.That(() => model.Run(Features(Count), null), Throws.Nothing);
    }

    [TestCase(null, null)]
    [TestCase("T", "B")]
    public void Recurrent_operators_say_which_axis_counts_examples(string? steps, string? batch)
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Graph.AddInput("features", Named(ElementType.Float32, steps, batch, 6));
        var states = sketch.Node(
            "gru",
            "GRU",
            [x, sketch.Weights("w", 1, 15, 6), sketch.Weights("r", 1, 15, 5)],
            ["states"],
            NodeAttribute.Of("hidden_size", 5L)
        );
        var h = sketch.Op("h", "Squeeze", [states.Outputs[0], sketch.Integers("axes", 1)]);
        var y = sketch.Op("y", "Tanh", [h]);
        y.Type = Named(ElementType.Float32, steps, batch, 5);
        using var model = Load(sketch.Build(y), "h");

        Assert.That(() => model.Run(Features(Count), null, At(2)), Refused("its first axis"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Two_axes_put_together_are_taken_apart_where_examples_come_first(bool isTurned)
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Graph.AddInput("features", Named(ElementType.Float32, "batch", "steps", 6));
        var first = isTurned ? sketch.Op("turned", "Transpose", [x], NodeAttribute.Of("perm", [1L, 0L, 2L])) : x;
        var flat = sketch.Op("flat", "Reshape", [first, sketch.Integers("rows", -1, 6)]);
        var y = sketch.Op("y", "Identity", [sketch.Op("inside", "Add", [flat, sketch.Weights("bias", 6)])]);
        y.Type = ModelSketch.Type(ElementType.Float32, -1, 6);
        using var model = Load(sketch.Build(y), "inside");

        if (isTurned)
        {
            Assert.That(() => model.Run(Features(3), null, At(1)), Refused("its first axis"));
            return;
        }

        using var result = model.Run(Features(3), null, At(1));
        var rows = result.Intervened.Outputs["y"].Array;
        var zeros = Enumerable
            .Range(0, rows.Shape[0])
            .Where(row => rows.Floats.Slice(row * 6, 6).IndexOfAnyExcept(0f) < 0);
        Assert.That(zeros, Is.EqualTo(new[] { 1, Count + 1, (2 * Count) + 1 }));
    }

    [TestCase("tokens", "Gather", -1)]
    [TestCase("tokens", "Gather", 11)]
    [TestCase("input_ids", "Gather", 11)]
    [TestCase("tokens", "OneHot", 11)]
    public void Ids_beyond_their_table_are_refused_whatever_the_input_is_called(string name, string type, long id)
    {
        var sketch = new ModelSketch(8, 17);
        var ids = sketch.Graph.AddInput(name, Named(ElementType.Int64, "batch", "steps"));
        var turned = sketch.Op("turned", "Transpose", [ids]);
        var chosen =
            type == "OneHot"
                ? sketch.Op(
                    "inside",
                    "OneHot",
                    [
                        turned,
                        sketch.Integers("depth", 11),
                        sketch.Constant("levels", TensorData.FromFloats([2], [0, 1])),
                    ]
                )
                : sketch.Op("inside", "Gather", [sketch.Weights("table", 11, 6), turned]);
        var y = sketch.Op("y", "Transpose", [chosen], NodeAttribute.Of("perm", [1L, 0L, 2L]));
        y.Type = new TensorType(ElementType.Float32, new Shape([.. Enumerable.Repeat(Dimension.Unknown, 3)]));
        using var model = Load(sketch.Build(y), "inside");

        Assert.That(
            () => model.Run(Inputs(name, NumericArray.Of(new[] { 1L, 2, id }, 1, 3))),
            Refused($"'{name}' has the").And.Message.Contains($"{id}")
        );
    }

    [Test]
    public void Padding_of_another_length_than_the_positions_is_refused()
    {
        var sketch = new ModelSketch(8, 17);
        var x = sketch.Graph.AddInput("features", Named(ElementType.Float32, "batch", "frames", 6));
        var mask = sketch.Graph.AddInput("attention_mask", Named(ElementType.Int64, "batch", "frames"));
        var half = sketch.Op(
            "half",
            "Slice",
            [
                x,
                sketch.Integers("from", 0),
                sketch.Integers("to", 100),
                sketch.Integers("axis", 1),
                sketch.Integers("step", 2),
            ]
        );
        var y = sketch.Op("y", "Tanh", [sketch.Op("inside", "MatMul", [half, sketch.Weights("weights", 6, 6)])]);
        var kept = sketch.Op("kept", "Cast", [mask], NodeAttribute.Of("to", 1L));
        y.Type = new TensorType(ElementType.Float32, new Shape([.. Enumerable.Repeat(Dimension.Unknown, 3)]));
        kept.Type = Named(ElementType.Float32, "batch", "frames");
        using var model = Load(sketch.Build(y, kept), "inside");

        Assert.That(() => model.Run(Masked(1), null, At(-1)), Throws.Nothing);
        Assert.That(() => model.Run(Masked(0), null, At(-1)), Refused("cannot be told"));
    }

    private static ModelInputs Masked(long last) =>
        new(Features(1).Arrays.Add("attention_mask", NumericArray.Of(new[] { 1L, 1, 1, last }, 1, Count)));

    private static UnitLocations At(int position) => UnitLocations.SourcesToBase(position);

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string reason) =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason);

    private static ModelInputs Features(int examples) =>
        Inputs("features", NumericArray.Of(Numbers(examples * Count * 6), examples, Count, 6));

    private static ModelInputs Inputs(string name, NumericArray array) =>
        new(ImmutableDictionary<string, NumericArray>.Empty.Add(name, array));

    private static float[] Numbers(int count) => [.. Enumerable.Range(1, count).Select(number => number / 10f)];

    private static TensorType Named(ElementType type, string? first, string? second, params long[] rest) =>
        new(type, new Shape([Size(first), Size(second), .. rest.Select(Dimension.Fixed)]));

    private static Dimension Size(string? name) => name is null ? Dimension.Unknown : Dimension.Named(name);

    private static IntervenableModel Load(Model sketch, string tensor) =>
        SketchedModel.Load(sketch, tensor, InterventionType.Zero);
}
