using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>Reading how large an input is, and no more, is told from counting positions with it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SizedTensorsTests
{
    private const int OperatorSet = 17;

    private readonly Graph _graph = new("sizes");
    private readonly OpBuilder _ops;
    private readonly Model _model;
    private readonly Value _tokens;

    public SizedTensorsTests()
    {
        _model = new Model(_graph, 8, ImmutableSortedDictionary<string, long>.Empty.Add("", OperatorSet));
        _ops = new OpBuilder(_graph, NameScope.Of(_model), OperatorSet, "sizes");
        var shape = Shape.Of(Dimension.Named("batch"), Dimension.Named("position"));
        _tokens = _graph.AddInput(ModelInputs.TokenInput, new TensorType(ElementType.Int64, shape));
    }

    [Test]
    public void Sizes_that_a_tensor_is_reshaped_to_are_sizes_alone()
    {
        var sizes = _ops.Concat(0, _ops.ShapeOf(_tokens), _ops.Constant(4, 2));

        Assert.That(IsForShapes(_ops.Reshape(Table(), sizes)), Is.True);
    }

    [Test]
    public void Positions_that_are_counted_from_sizes_are_more()
    {
        var length = _ops.Gather(_ops.ShapeOf(_tokens), _ops.Scalar(1), 0);
        var positions = _ops.Range(_ops.Scalar(0), length, _ops.Scalar(1));

        Assert.That(IsForShapes(_ops.Gather(Table(), positions, 0)), Is.False);
    }

    [Test]
    public void Tokens_that_are_looked_up_are_more() =>
        Assert.That(IsForShapes(_ops.Gather(Table(), _tokens, 0)), Is.False);

    private Value Table() =>
        _graph.AddInitializer(_ops.Names.Unique("table"), TensorData.FromFloats([16, 8], new float[128]));

    private bool IsForShapes(Value output)
    {
        _graph.AddOutput(output);
        return new SizedTensors(ComponentMap.Find(_model)).IsForShapes(_tokens, Cone.Before([output]));
    }
}
