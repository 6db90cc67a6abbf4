using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.IR.Tests.Inference;

/// <summary>Sizes that only a run gives keep their names through what exporters compute of them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SymbolicShapeTests
{
    private readonly OperatorSketch _sketch = new();
    private readonly TypeInference _inference = new();

    private OpBuilder Ops => _sketch.Ops;

    private Value Stream =>
        _sketch.Model.Graph.FindValue("stream")
        ?? _sketch.Model.Graph.AddInput("stream", Floats(Named("batch"), Named("sequence"), Dimension.Fixed(32)));

    [Test]
    public void A_target_put_together_of_measured_sizes_is_followed()
    {
        var sizes = Ops.ShapeOf(Stream);
        var target = Ops.Concat(0, One(sizes, 0), One(sizes, 1), Ops.Constant(4), Ops.Constant(-1));

        Assert.That(_inference.TextOf(Ops.Reshape(Stream, target)), Is.EqualTo("[batch, sequence, 4, 8]"));
        Assert.That(_inference.IntegersOf(target), Is.EqualTo(new long?[] { null, null, 4, -1 }));
    }

    [Test]
    public void What_is_made_flat_and_put_back_is_what_it_was()
    {
        var flat = Ops.Reshape(Stream, -1, 32);
        var sizes = Ops.Slice(Ops.ShapeOf(Stream), 0, 0, 2);

        Assert.That(_inference.TextOf(flat), Is.EqualTo("[batch * sequence, 32]"));
        Assert.That(
            _inference.TextOf(Ops.Reshape(flat, Ops.Concat(0, sizes, Ops.Constant(-1)))),
            Is.EqualTo("[batch, sequence, 32]")
        );
    }

    [Test]
    public void Sizes_of_no_name_cancel_out_too()
    {
        var open = _sketch.Model.Graph.AddInput(
            "open",
            Floats(Dimension.Unknown, Dimension.Unknown, Dimension.Fixed(32))
        );
        var sizes = Ops.ShapeOf(open);
        var target = Ops.Concat(0, One(sizes, 0), One(sizes, 1), Ops.Constant(-1, 8));

        Assert.That(_inference.TextOf(Ops.Reshape(open, target)), Is.EqualTo("[?, ?, 4, 8]"));
    }

    [Test]
    public void An_expansion_asks_whether_a_size_is_minus_one()
    {
        var sizes = Ops.ShapeOf(Stream);
        var ones = Ops.ConstantOfShape(Ops.Constant(3), TensorData.FromIntegers([1], [1]));
        var target = Ops.Where(Ops.Emit("Equal", [sizes, Ops.Constant(-1)]), ones, sizes);

        Assert.That(
            _inference.TextOf(Ops.Expand(_sketch.Weight(1, 1, 1), target)),
            Is.EqualTo("[batch, sequence, 32]")
        );
    }

    [Test]
    public void A_cache_grows_by_the_tokens_of_the_run()
    {
        var past = _sketch.Model.Graph.AddInput("past", Floats(Named("batch"), Named("past"), Dimension.Fixed(32)));
        var all = Ops.Concat(1, past, Stream);
        var length = Ops.Gather(Ops.ShapeOf(all), Ops.Scalar(1), 0);

        Assert.That(_inference.TextOf(all), Is.EqualTo("[batch, past + sequence, 32]"));
        Assert.That(
            _inference.TextOf(Ops.Range(Ops.Gather(Ops.ShapeOf(past), Ops.Scalar(1), 0), length, Ops.Scalar(1))),
            Is.EqualTo("[sequence]")
        );
    }

    [Test]
    public void Names_are_numbers_when_the_inputs_are_bound()
    {
        var unknown = Ops.Emit("Strange", [Stream], domain: "own");
        unknown.Type = Floats(Named("batch"), Named("sequence"));
        var bound = TypeInference.Bind(
            _sketch.Model.Graph,
            new Dictionary<string, BoundInput> { [Stream.Name] = new([2, 7, 32]) }
        );

        Assert.That(bound.TextOf(Ops.Reshape(Stream, -1, 32)), Is.EqualTo("[14, 32]"));
        Assert.That(bound.TextOf(unknown), Is.EqualTo("[2, 7]"));
    }

    [Test]
    public void A_name_that_two_inputs_contradict_each_other_on_is_no_number()
    {
        var other = _sketch.Model.Graph.AddInput("other", Floats(Named("batch")));
        var unknown = Ops.Emit("Strange", [Stream], domain: "own");
        unknown.Type = Floats(Named("batch"), Named("sequence"));
        var bound = TypeInference.Bind(
            _sketch.Model.Graph,
            new Dictionary<string, BoundInput> { ["other"] = new([3]), ["stream"] = new([2, 7, 32]) }
        );

        Assert.That(bound.TextOf(unknown), Is.EqualTo("[batch, 7]"));
        Assert.That(bound.TextOf(other), Is.EqualTo("[3]"));
    }

    [Test]
    public void Contents_of_an_input_decide_shapes_when_they_are_given()
    {
        var sizes = _sketch.Model.Graph.AddInput("sizes", new TensorType(ElementType.Int64, Shape.Of(2)));
        var made = Ops.ConstantOfShape(sizes, TensorData.FromFloats([1], [0]));
        var bound = TypeInference.Bind(
            _sketch.Model.Graph,
            new Dictionary<string, BoundInput> { ["sizes"] = new([2], [3, 5]) }
        );

        Assert.That(bound.TextOf(made), Is.EqualTo("[3, 5]"));
        Assert.That(_inference.TextOf(made), Is.EqualTo("[?, ?]"));
    }

    private static TensorType Floats(params ReadOnlySpan<Dimension> sizes) => new(ElementType.Float32, Shape.Of(sizes));

    private static Dimension Named(string name) => Dimension.Named(name);

    private Value One(Value sizes, long place) => Ops.Unsqueeze(Ops.Gather(sizes, Ops.Scalar(place), 0), 0);
}
