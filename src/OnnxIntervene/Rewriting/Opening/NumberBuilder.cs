using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>Writes what an operator is opened into, with constants in the element type of what it reads.</summary>
internal sealed class NumberBuilder(GraphEditor editor, Node node)
{
    private readonly OpBuilder _ops = editor.Builder($"{node.Name}/opened", node.Graph);
    private readonly ElementType _type = Precision.Of(node.Inputs[0]!);

    public Value Add(Value left, Value right) => _ops.Add(left, right);

    public Value Mul(Value left, Value right) => _ops.Mul(left, right);

    public Value Emit(string operatorType, params Value[] inputs) => _ops.Emit(operatorType, inputs);

    public Value Transpose(Value value, long[] order) => _ops.Transpose(value, order);

    public Value Number(float number)
    {
        var constant = _ops.Graph.AddInitializer(
            _ops.Names.Unique("opened/number"),
            TensorData.FromFloats([], [number])
        );
        return _type == ElementType.Float32 ? constant : _ops.Cast(constant, _type);
    }
}
