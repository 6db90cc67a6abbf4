using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>One node on the way back from the loss: what is known of it, and where its gradient's nodes go.</summary>
/// <param name="Ops">Where nodes are written to.</param>
/// <param name="Node">The node of the forward computation.</param>
/// <param name="Types">Types and shapes of the graph's values.</param>
/// <param name="Gradients">The gradient of each output; null where the loss does not depend on it.</param>
/// <param name="IsNeeded">Whether the gradient of a value is asked for, or needed further back.</param>
internal sealed record GradientStep(
    OpBuilder Ops,
    Node Node,
    TypeInference Types,
    ImmutableArray<Value?> Gradients,
    Func<Value, bool> IsNeeded
)
{
    /// <summary>The gradient of the only output that passes one on.</summary>
    /// <exception cref="InterventionException">The loss depends on another output only.</exception>
    public Value Dy =>
        Gradients[0]
        ?? throw Refusal("the loss depends on an output that is not the first, which no rule differentiates");

    /// <summary>The first output.</summary>
    public Value Y => Node.Output;

    /// <summary>The first input.</summary>
    public Value X => Node.Inputs[0]!;

    /// <summary>The element type in which the gradient is computed.</summary>
    public ElementType Type => TypeOf(X);

    /// <summary>Whether the gradient of this input is wanted.</summary>
    public bool Needs(int input) => Node.InputOrNull(input) is { } value && IsNeeded(value);

    /// <summary>The gradients of a node that passes one to its first input alone.</summary>
    public ImmutableArray<Value?> ToFirst(Value gradient) =>
        [gradient, .. Node.Inputs.Skip(1).Select(_ => (Value?)null)];

    /// <summary>Refuses the node; the reason is the rest of a sentence about it.</summary>
    public InterventionException Refusal(string reason) =>
        new($"The gradient cannot pass {Node}: {reason}. Choose components after it, or another loss.");

    /// <summary>A number of the element type of the first input.</summary>
    public Value Number(double number) => Number(number, Type);

    /// <summary>A number of an element type.</summary>
    public Value Number(double number, ElementType type) =>
        Ops.Graph.AddInitializer(Ops.Names.Unique("gradient/number"), SingleNumber.Of(type, number));

    /// <summary>Zeros of the first input's element type in the shape of a tensor.</summary>
    public Value ZerosLike(Value value) => Zeros(Ops.ShapeOf(value));

    /// <summary>Zeros of the first input's element type.</summary>
    public Value Zeros(Value shape) => Ops.ConstantOfShape(shape, SingleNumber.Of(Type, 0, 1));

    /// <summary>How many axes a value has; a rule that needs them refuses a node where that is not known.</summary>
    public int RankOf(Value value) =>
        Types.RankOf(value) ?? throw Refusal($"the number of axes of {value} is not known before it runs");

    /// <summary>The node's attribute as an integer.</summary>
    public long Integer(string name, long otherwise) => Node.FindAttribute(name)?.Integer ?? otherwise;

    /// <summary>The node's attribute as a number.</summary>
    public float Float(string name, float otherwise) => Node.FindAttribute(name)?.Float ?? otherwise;

    /// <summary>
    /// A gradient in the shape of the input that was broadcast: summed over the axes on which it was repeated.
    /// </summary>
    public Value SumTo(Value gradient, Value input) => BroadcastSum.Of(this, gradient, Types.ShapeOf(Y), input);

    /// <summary>The tensor in the shape of another, empty axes included.</summary>
    public Value ReshapeLike(Value value, Value like) => Reshape(value, Ops.ShapeOf(like));

    /// <summary>The tensor in a computed shape; 0 is an empty axis where the operator set allows that.</summary>
    public Value Reshape(Value value, Value shape) =>
        Ops.Emit("Reshape", [value, shape], Ops.OperatorSetVersion >= 14 ? [NodeAttribute.Of("allowzero", 1L)] : []);

    /// <summary>The sum over axes, which stay as axes of size 1.</summary>
    public Value Sum(Value value, params ReadOnlySpan<long> axes) =>
        Ops.OperatorSetVersion >= 13
            ? Ops.Emit("ReduceSum", [value, Ops.Constant(axes)])
            : Ops.Emit("ReduceSum", [value], [NodeAttribute.Of("axes", [.. axes])]);

    /// <summary>The mean over axes, which stay as axes of size 1.</summary>
    public Value Mean(Value value, params ReadOnlySpan<long> axes) =>
        Ops.OperatorSetVersion >= 18
            ? Ops.Emit("ReduceMean", [value, Ops.Constant(axes)])
            : Ops.Emit("ReduceMean", [value], [NodeAttribute.Of("axes", [.. axes])]);

    /// <summary>An operator of one input.</summary>
    public Value Apply(string operatorType, Value value) => Ops.Emit(operatorType, [value]);

    /// <summary>The quotient.</summary>
    public Value Div(Value left, Value right) => Ops.Emit("Div", [left, right]);

    /// <summary>A value where a condition holds, else 0.</summary>
    public Value Masked(Value condition, Value value) => Ops.Where(condition, value, Number(0, TypeOf(value)));

    /// <summary>The element type of a value; 32-bit floats where it is not known.</summary>
    public ElementType TypeOf(Value value) =>
        Types.ElementTypeOf(value) is not ElementType.Undefined and var known ? known : ElementType.Float32;
}
