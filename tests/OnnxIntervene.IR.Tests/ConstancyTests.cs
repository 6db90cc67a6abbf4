using System.Collections.Immutable;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.IR.Tests;

/// <summary>What is computed from constants alone is constant, whatever computes it, also after edits.</summary>
public sealed class ConstancyTests
{
    private OpBuilder _ops = null!;
    private Value _input = null!;
    private Value _matrix = null!;

    [SetUp]
    public void Create_a_graph_with_an_input_and_a_matrix()
    {
        var model = new Model(new Graph(), 8, ImmutableSortedDictionary<string, long>.Empty.Add("", 17));
        _ops = new OpBuilder(model.Graph, NameScope.Of(model), 17, "test");
        _input = model.Graph.AddInput("x", new TensorType(ElementType.Float32, Shape.Of(Dimension.Fixed(3))));
        _matrix = model.Graph.AddInitializer("matrix", TensorData.FromFloats([2, 3], new float[6]));
    }

    [Test]
    public void Operators_on_constants_compute_constants_of_known_sizes()
    {
        var square = _ops.Emit("MatMul", [_matrix, _ops.Transpose(_matrix, 1, 0)]);
        var joined = _ops.Concat(0, _ops.Mul(square, square), square);

        Assert.That(GraphConstants.IsConstant(joined), Is.True);
        Assert.That(GraphConstants.Dimensions(joined), Is.EqualTo(new long[] { 4, 2 }));
    }

    [Test]
    public void What_reads_an_input_or_draws_numbers_varies()
    {
        var drawn = _ops.Emit("RandomNormalLike", [_matrix]);

        Assert.That(GraphConstants.IsConstant(_ops.Add(_matrix, _input)), Is.False);
        Assert.That(GraphConstants.IsConstant(_ops.Mul(drawn, _matrix)), Is.False);
    }

    [Test]
    public void An_edit_changes_the_answer_for_all_that_depends_on_it()
    {
        var first = _ops.Mul(_matrix, _matrix);
        var last = _ops.Add(_ops.Add(first, _matrix), first);
        Assert.That(GraphConstants.IsConstant(last), Is.True);

        first.Producer!.SetInput(1, _input);
        Assert.That(GraphConstants.IsConstant(last), Is.False);

        first.Producer!.SetInput(1, _ops.Mul(_matrix, _matrix));
        Assert.That(GraphConstants.IsConstant(last), Is.True);
    }

    [Test]
    public void A_node_that_depends_on_itself_is_not_constant()
    {
        var first = _ops.Mul(_matrix, _matrix);
        var second = _ops.Add(first, _matrix);
        first.Producer!.SetInput(0, second);

        Assert.That(GraphConstants.IsConstant(second), Is.False);
    }

    [Test]
    public void A_deep_chain_does_not_need_the_thread_s_stack()
    {
        var value = _matrix;
        for (var index = 0; index < 200_000; index++)
            value = _ops.Mul(value, _matrix);

        Assert.That(GraphConstants.IsConstant(value), Is.True);
    }
}
