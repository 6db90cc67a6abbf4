using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>What an intervention's new values are computed from, in 32-bit floats, row by row.</summary>
/// <param name="Ops">Writes the nodes.</param>
/// <param name="Base">The values there, <c>[rows, width]</c>.</param>
/// <param name="Sizes">The sizes of the parameters.</param>
/// <param name="Parameters">The parameters by name.</param>
internal sealed record KindRows(
    OpBuilder Ops,
    Value Base,
    InterventionSizes Sizes,
    IReadOnlyDictionary<string, Value> Parameters
)
{
    // The operator set from which ReduceSum takes its axes as an input.
    private const int AxesAsInput = 13;

    /// <summary>The source, <c>[rows, width]</c>; null for kinds without.</summary>
    public Value? Source { get; init; }

    /// <summary>The coefficient, <c>[rows, 1]</c>; null for none.</summary>
    public Value? Coefficient { get; init; }

    /// <summary>Which dimensions of the kind's space are changed, bool <c>[rows, latents]</c>; null for all.</summary>
    public Value? Mask { get; init; }

    /// <summary>The module's input, <c>[rows, input width]</c>; null for kinds that do not read it.</summary>
    public Value? ModuleInput { get; init; }

    /// <summary>The user's own kind; null for the others.</summary>
    public CustomIntervention? Custom { get; init; }

    public Value Parameter(string name) => Parameters[name];

    /// <summary>The chosen dimensions of one value, the other dimensions of the other.</summary>
    public Value Choose(Value chosen, Value otherwise) => Mask is null ? chosen : Ops.Where(Mask, chosen, otherwise);

    /// <summary>The chosen dimensions of the kind's space; zero in the others.</summary>
    public Value Chosen(Value parts) => Mask is null ? parts : Choose(parts, Number(0));

    /// <summary>
    /// The latents of s where they are chosen, those of x elsewhere; x is not encoded where all are chosen.
    /// </summary>
    public Value Exchanged(Func<Value, Value> encode) =>
        Mask is null ? encode(Source!) : Choose(encode(Source!), encode(Base));

    /// <summary>The source times its coefficient; without one, the source as it is, multiplied already.</summary>
    public Value ScaledSource() => Coefficient is null ? Source! : Ops.Mul(Source!, Coefficient);

    /// <summary>A scalar constant.</summary>
    public Value Number(float number) =>
        Ops.Graph.AddInitializer(Ops.Names.Unique($"{NameScope.Prefix}number"), TensorData.FromFloats([], [number]));

    public Value MatMul(Value left, Value right) => Ops.Emit("MatMul", [left, right]);

    /// <summary>The product with a transposed matrix.</summary>
    public Value MatMulTransposed(Value left, Value right) => MatMul(left, Ops.Transpose(right, 1, 0));

    public Value Sigmoid(Value value) => Ops.Emit("Sigmoid", [value]);

    public Value Div(Value left, Value right) => Ops.Emit("Div", [left, right]);

    public Value Greater(Value left, Value right) => Ops.Emit("Greater", [left, right]);

    /// <summary>The sum of the squares of each row's chosen dimensions, <c>[rows, 1]</c>.</summary>
    public Value SumOfSquares(Value value)
    {
        var chosen = Chosen(value);
        var squares = Ops.Mul(chosen, chosen);
        return Ops.OperatorSetVersion >= AxesAsInput
            ? Ops.Emit("ReduceSum", [squares, Ops.Constant(-1)])
            : Ops.Emit("ReduceSum", [squares], [NodeAttribute.Of("axes", [-1])]);
    }
}
