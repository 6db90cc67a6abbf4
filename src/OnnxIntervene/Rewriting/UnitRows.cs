using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting;

/// <summary>
/// A tensor as rows, one a unit, for operator sets 7 to 10. Rows are read by their numbers; they are written by
/// choosing each row of the result from the old rows with the new ones after them, so that what is not written keeps
/// its bits.
/// </summary>
internal sealed class UnitRows
{
    // The oldest operator set with NonZero, ConstantOfShape and Scatter.
    private const int ScatterSince = 9;

    private readonly OpBuilder _ops;
    private readonly Value _sizes;
    private readonly Value _rows;
    private readonly Value _numbers;

    /// <param name="ops">Where nodes are written to.</param>
    /// <param name="tensor">The tensor, whose first axes count units.</param>
    /// <param name="locations"><c>[N, axes]</c>, of a known number of axes.</param>
    public UnitRows(OpBuilder ops, Value tensor, Value locations)
    {
        _ops = ops;
        _sizes = ops.ShapeOf(tensor);
        var axes = (int)locations.Type!.Shape![1].Size!;
        _rows = ops.Reshape(tensor, ops.Concat(0, ops.Constant(-1), ops.Slice(_sizes, 0, axes, long.MaxValue)));
        _numbers = Column(0);
        for (var axis = 1; axis < axes; axis++)
            _numbers = ops.Add(ops.Mul(_numbers, ops.Gather(_sizes, ops.Scalar(axis), 0)), Column(axis));

        Value Column(int axis) => ops.Gather(locations, ops.Scalar(axis), 1);
    }

    public Value Read() => _ops.Gather(_rows, _numbers, 0);

    public Value Write(Value units)
    {
        var count = _ops.Gather(_ops.ShapeOf(_rows), _ops.Scalar(0), 0);
        var choice = _ops.OperatorSetVersion >= ScatterSince ? Scattered(count) : Looped(count);
        return _ops.Reshape(_ops.Gather(_ops.Concat(0, _rows, units), choice, 0), _sizes);
    }

    private Value Scattered(Value count)
    {
        var after = _ops.Add(UpTo(_ops.ShapeOf(_numbers)), count);
        return _ops.Emit("Scatter", [UpTo(_ops.Reshape(count, 1)), _numbers, after], [NodeAttribute.Of("axis", 0L)]);
    }

    // Range is newer than this: 0, 1, 2, … are the positions of ones.
    private Value UpTo(Value count)
    {
        var ones = _ops.ConstantOfShape(count, TensorData.FromIntegers([1], [1]));
        return _ops.Reshape(_ops.Emit("NonZero", [ones]), -1);
    }

    // One step a row: which of the locations names it, if any does. The old Loop needs a state too; the count serves.
    private Value Looped(Value count)
    {
        var named = _ops.Concat(0, _ops.Constant(-1), _numbers);
        var last = _ops.Sub(count, _ops.Scalar(1));
        var body = new Graph("row");
        var step = _ops.In(body);
        var row = body.AddInput(
            _ops.Names.Unique("row"),
            new TensorType(ElementType.Int64, Shape.Of(ReadOnlySpan<long>.Empty))
        );
        var condition = body.AddInput(
            _ops.Names.Unique("goes_on"),
            new TensorType(ElementType.Bool, Shape.Of(ReadOnlySpan<long>.Empty))
        );
        var state = body.AddInput(_ops.Names.Unique("state"), row.Type);
        var matches = step.Cast(step.Emit("Equal", [named, row]), ElementType.Float32);
        var match = step.Emit("ArgMax", [matches], [NodeAttribute.Of("axis", 0L), NodeAttribute.Of("keepdims", 0L)]);
        var isNamed = step.Cast(step.Cast(match, ElementType.Bool), ElementType.Int64);
        body.AddOutput(step.Identity(condition));
        body.AddOutput(step.Identity(state));
        body.AddOutput(step.Add(row, step.Mul(isNamed, step.Sub(step.Add(match, last), row))));
        (body.Outputs[0].Type, body.Outputs[1].Type, body.Outputs[2].Type) = (condition.Type, row.Type, row.Type);
        return _ops.EmitMany("Loop", [count, null, count], [NodeAttribute.Of("body", body)], "", 2)[1];
    }
}
