using System.Collections.Immutable;

namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Writes nodes into a graph, with one method for each operator that this project emits. Nodes are added at the end of
/// the list: <see cref="GraphOrder.Sort"/> puts them where they belong once a rewrite is whole.
/// </summary>
public sealed class OpBuilder
{
    private readonly Graph _graph;
    private readonly NameScope _names;
    private readonly int _opset;
    private readonly string _place;

    /// <summary>Creates a builder whose nodes and values are named after <paramref name="place"/>.</summary>
    public OpBuilder(Graph graph, NameScope names, int operatorSetVersion, string place)
    {
        _graph = graph;
        _names = names;
        _opset = operatorSetVersion;
        _place = place;
    }

    /// <summary>The graph that is written to.</summary>
    public Graph Graph => _graph;

    /// <summary>The version of the standard operators, which decides how some nodes are written.</summary>
    public int OperatorSetVersion => _opset;

    /// <summary>The source of new names.</summary>
    public NameScope Names => _names;

    /// <summary>The same builder for another place's names.</summary>
    public OpBuilder At(string place) => new(_graph, _names, _opset, place);

    /// <summary>The same builder for another graph: a branch, or a loop's body.</summary>
    public OpBuilder In(Graph graph) => new(graph, _names, _opset, _place);

    /// <summary>Element-wise sum, broadcast.</summary>
    public Value Add(Value left, Value right) => Emit("Add", [left, right]);

    /// <summary>Element-wise difference, broadcast.</summary>
    public Value Sub(Value left, Value right) => Emit("Sub", [left, right]);

    /// <summary>Element-wise product, broadcast.</summary>
    public Value Mul(Value left, Value right) => Emit("Mul", [left, right]);

    /// <summary>The sizes of a tensor, int64.</summary>
    public Value ShapeOf(Value value) => Emit("Shape", [value]);

    /// <summary>The tensor in another shape; 0 keeps a size and -1 infers one.</summary>
    public Value Reshape(Value value, Value shape) => Emit("Reshape", [value, shape]);

    /// <summary>The tensor in another shape; 0 keeps a size and -1 infers one.</summary>
    public Value Reshape(Value value, params ReadOnlySpan<long> shape) => Reshape(value, Constant(shape));

    /// <summary>The tensor with its axes in another order.</summary>
    public Value Transpose(Value value, params ReadOnlySpan<long> order) =>
        Emit("Transpose", [value], [NodeAttribute.Of("perm", [.. order])]);

    /// <summary>Several tensors one after the other along an axis.</summary>
    public Value Concat(long axis, params IEnumerable<Value> values) =>
        Emit("Concat", values, [NodeAttribute.Of("axis", axis)]);

    /// <summary>Entries of an axis by number.</summary>
    public Value Gather(Value value, Value indices, long axis) =>
        Emit("Gather", [value, indices], [NodeAttribute.Of("axis", axis)]);

    /// <summary>
    /// Slices at full or partial coordinates, the first <paramref name="batchDimensions"/> axes going in step (opset
    /// 12).
    /// </summary>
    public Value GatherND(Value value, Value indices, long batchDimensions) =>
        Emit(
            "GatherND",
            [value, indices],
            batchDimensions == 0 ? [] : [NodeAttribute.Of("batch_dims", batchDimensions)]
        );

    /// <summary>The tensor with slices at these coordinates replaced (opset 11).</summary>
    public Value ScatterND(Value value, Value indices, Value updates) => Emit("ScatterND", [value, indices, updates]);

    /// <summary>Element-wise choice, broadcast; before opset 9 of finite 32-bit floats only.</summary>
    public Value Where(Value condition, Value chosen, Value otherwise) =>
        _opset >= 9
            ? Emit("Where", [condition, chosen, otherwise])
            : Add(
                Mul(Cast(condition, ElementType.Float32), chosen),
                Mul(Cast(Emit("Not", [condition]), ElementType.Float32), otherwise)
            );

    /// <summary>The tensor with another element type.</summary>
    public Value Cast(Value value, ElementType type) => Emit("Cast", [value], [NodeAttribute.Of("to", (long)type)]);

    /// <summary>The tensor itself under another name.</summary>
    public Value Identity(Value value) => Emit("Identity", [value]);

    /// <summary>The tensor broadcast to a shape (opset 8).</summary>
    public Value Expand(Value value, Value shape) => Emit("Expand", [value, shape]);

    /// <summary>Numbers from a start up to an end (opset 11).</summary>
    public Value Range(Value start, Value end, Value step) => Emit("Range", [start, end, step]);

    /// <summary>A tensor filled with one number, whose shape is computed.</summary>
    public Value ConstantOfShape(Value shape, TensorData content) =>
        _opset >= 9
            ? Emit("ConstantOfShape", [shape], [NodeAttribute.Of("value", content)])
            : Emit(
                "Tile",
                [Reshape(_graph.AddInitializer(_names.Unique($"{_place}/constant"), content), OnesLike(shape)), shape]
            );

    /// <summary>A part of one axis, from a start (included) to an end (excluded).</summary>
    public Value Slice(Value value, long axis, long start, long end) =>
        _opset >= 10
            ? Emit("Slice", [value, Constant(start), Constant(end), Constant(axis)])
            : Emit("Slice", [value], [Row("axes", axis), Row("starts", start), Row("ends", end)]);

    /// <summary>The tensor with axes of size 1 inserted.</summary>
    public Value Unsqueeze(Value value, params ReadOnlySpan<long> axes) =>
        _opset >= 13
            ? Emit("Unsqueeze", [value, Constant(axes)])
            : Emit("Unsqueeze", [value], [NodeAttribute.Of("axes", [.. axes])]);

    /// <summary>A constant row of integers.</summary>
    public Value Constant(params ReadOnlySpan<long> numbers) =>
        _graph.AddInitializer(_names.Unique($"{_place}/constant"), TensorData.FromIntegers([numbers.Length], numbers));

    /// <summary>A constant scalar integer.</summary>
    public Value Scalar(long number) =>
        _graph.AddInitializer(_names.Unique($"{_place}/constant"), TensorData.FromIntegers([], [number]));

    /// <summary>A node of any operator with one output.</summary>
    public Value Emit(
        string operatorType,
        IEnumerable<Value?> inputs,
        IEnumerable<NodeAttribute>? attributes = null,
        string domain = ""
    ) => EmitMany(operatorType, inputs, attributes, domain, 1)[0];

    /// <summary>A node of any operator with several outputs.</summary>
    public ImmutableArray<Value> EmitMany(
        string operatorType,
        IEnumerable<Value?> inputs,
        IEnumerable<NodeAttribute>? attributes,
        string domain,
        int outputs
    )
    {
        var name = _names.Unique($"{_place}/{operatorType}");
        var names = Enumerable.Range(0, outputs).Select(index => _names.Unique($"{name}/output_{index}"));
        var node = _graph.AddNode(name, new OperatorKey(domain, operatorType), inputs, [.. names], attributes ?? []);
        return [.. node.Outputs.Select(output => output!)];
    }

    private static NodeAttribute Row(string name, long number) => NodeAttribute.Of(name, ImmutableArray.Create(number));

    // As many ones as the row has numbers.
    private Value OnesLike(Value row)
    {
        var isAny = Cast(row, ElementType.Bool);
        return Cast(Emit("Or", [isAny, Emit("Not", [isAny])]), ElementType.Int64);
    }
}
