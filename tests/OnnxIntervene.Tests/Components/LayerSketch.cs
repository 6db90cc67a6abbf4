using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// A graph of residual streams that is put together from sub-layers, in the ways in which exporters write them.
/// </summary>
internal sealed class LayerSketch
{
    private const int Heads = 2;
    private const int Kernel = 3;
    private const int Vocabulary = 11;
    private const string Nowhere = "nowhere";
    private readonly Random _random = new(12);
    private OpBuilder _ops;

    public LayerSketch()
    {
        Model = new Model(new Graph(), 8, ImmutableSortedDictionary<string, long>.Empty.Add("", 17));
        _ops = new OpBuilder(Model.Graph, NameScope.Of(Model), 17, Nowhere);
    }

    public Model Model { get; }

    /// <summary>Whether matrices are bytes that the graph brings back, a scale for each column.</summary>
    public bool HasByteWeights { get; init; }

    /// <summary>The module that what follows comes from, such as <c>/encoder/layers.0</c>.</summary>
    public void Enter(string module) => _ops = _ops.At(module);

    public Value Tokens(string input, int width)
    {
        var shape = Shape.Of(Dimension.Named("batch"), Dimension.Named($"{input}_length"));
        return _ops.Gather(
            Weight(Vocabulary, width),
            Model.Graph.AddInput(input, new TensorType(ElementType.Int64, shape)),
            0
        );
    }

    public Value Features(string input, int width) =>
        Model.Graph.AddInput(
            input,
            new TensorType(
                ElementType.Float32,
                Shape.Of(Dimension.Named("batch"), Dimension.Named($"{input}_length"), Dimension.Fixed(width))
            )
        );

    public Value Output(Value value)
    {
        // Modules are read from the names of a file's own nodes; what was built before any module was entered has none.
        var entered = Model.Graph.Nodes.Where(node =>
            node.Name.StartsWith(NameScope.Prefix, StringComparison.Ordinal)
            && !node.Name.StartsWith(NameScope.Prefix + Nowhere, StringComparison.Ordinal)
        );
        foreach (var node in entered)
            node.Name = "/" + node.Name[NameScope.Prefix.Length..];
        Model.Graph.AddOutput(value);
        return value;
    }

    public Value Sum(Value stream, Value part) => _ops.Add(stream, part);

    /// <summary>Layers that run where a flag is set.</summary>
    public Value Chosen(Value stream, int width, string letters, int count)
    {
        var (outer, branches) = (_ops, new[] { new Graph("with_layers"), new Graph("without") });
        _ops = new OpBuilder(branches[0], outer.Names, 17, "chosen");
        branches[0].AddOutput(Layers(stream, width, letters, count));
        branches[1].AddOutput(new OpBuilder(branches[1], outer.Names, 17, "others").Identity(stream));
        _ops = outer;
        return _ops.Emit(
            "If",
            [Model.Graph.AddInput("flag", new TensorType(ElementType.Bool, new Shape([])))],
            [NodeAttribute.Of("then_branch", branches[0]), NodeAttribute.Of("else_branch", branches[1])]
        );
    }

    /// <summary>A layer of sub-layers by letter: a attention, f feed-forward, h half of one, v convolution, m mixer,
    /// e experts, p attention and feed-forward side by side; n is a norm in the stream itself.</summary>
    public Value Layer(Value stream, int width, string letters)
    {
        foreach (var letter in letters)
        {
            stream = letter switch
            {
                'a' => Sum(stream, Attention(Norm(stream, width), width)),
                'f' => Sum(stream, FeedForward(Norm(stream, width), width)),
                'h' => Sum(stream, _ops.Mul(FeedForward(Norm(stream, width), width), Number(0.5f))),
                'v' => Sum(stream, Convolution(Norm(stream, width), width)),
                'm' => Sum(stream, Mixer(Norm(stream, width), width)),
                'e' => Sum(stream, Experts(Norm(stream, width), width)),
                'p' => Parallel(stream, width),
                'n' => Norm(stream, width),
                _ => throw new ArgumentOutOfRangeException(nameof(letters), letter, null),
            };
        }

        return stream;
    }

    public Value Layers(Value stream, int width, string letters, int count)
    {
        for (var layer = 0; layer < count; layer++)
            stream = Layer(stream, width, letters);
        return stream;
    }

    /// <summary>Attention to another stream.</summary>
    public Value Cross(Value stream, int width, Value other) =>
        Sum(stream, Attention(Norm(stream, width), width, other));

    /// <summary>Attention whose keys and values are made of fewer positions than its queries (Segformer).</summary>
    public Value Reduced(Value stream, int width)
    {
        var normed = Norm(stream, width);
        var turned = _ops.Emit(
            "Conv",
            [_ops.Transpose(normed, 0, 2, 1), Weight(width, width, 2)],
            [NodeAttribute.Of("strides", ImmutableArray.Create(2L))]
        );
        return Sum(stream, Attention(normed, width, Norm(_ops.Transpose(turned, 0, 2, 1), width)));
    }

    /// <summary>Attention within windows of two positions (Swin).</summary>
    public Value Windowed(Value stream, int width)
    {
        var view = _ops.Reshape(Norm(stream, width), 0, 2, -1, width);
        var windows = _ops.Reshape(_ops.Transpose(view, 0, 2, 1, 3), -1, 2, width);
        var mixed = _ops.Reshape(Attention(windows, width), -1, 4, 2, width);
        return Sum(stream, _ops.Reshape(_ops.Transpose(mixed, 0, 2, 1, 3), -1, 8, width));
    }

    /// <summary>A feed-forward over the width of a stream whose positions are its last axis.</summary>
    public Value ChannelsFirst(Value stream, int width) =>
        Sum(stream, _ops.Transpose(FeedForward(Norm(_ops.Transpose(stream, 0, 2, 1), width), width), 0, 2, 1));

    /// <summary>The next stage of a hierarchical encoder: half the positions, another width.</summary>
    public Value Merge(Value stream, int width, int next) =>
        Linear(Norm(_ops.Reshape(stream, 0, -1, 2 * width), 2 * width), 2 * width, next);

    /// <summary>
    /// OPT-350m's layer: norms after the additions, the feed-forward and its addition on [batch × position, width].
    /// </summary>
    public Value Flattened(Value stream, int width)
    {
        stream = Norm(Sum(stream, Attention(stream, width)), width);
        var shape = _ops.ShapeOf(stream);
        var flat = _ops.Reshape(stream, -1, width);
        return Norm(_ops.Reshape(Sum(flat, FeedForward(flat, width)), shape), width);
    }

    public Value Linear(Value value, int from, int to) =>
        _ops.Add(_ops.Emit("MatMul", [value, HasByteWeights ? Bytes(from, to) : Weight(from, to)]), Weight(to));

    public Value Norm(Value value, int width) =>
        _ops.Emit("LayerNormalization", [value, Weight(width), Weight(width)], [NodeAttribute.Of("axis", -1L)]);

    public Value Turn(Value value) => _ops.Transpose(value, 0, 2, 1);

    public Value Join(Value left, Value right) => _ops.Concat(1, left, right);

    /// <summary>What attention adds to a stream.</summary>
    public Value Attended(Value stream, int width) => Attention(Norm(stream, width), width);

    /// <summary>What attention makes of a stream that is normed already.</summary>
    public Value AttendedPlainly(Value normed, int width) => Attention(normed, width);

    /// <summary>Two tensors side by side in one width.</summary>
    public Value JoinWidths(Value left, Value right) => _ops.Concat(2, left, right);

    /// <summary>What a feed-forward adds to a stream.</summary>
    public Value Fed(Value stream, int width) => FeedForward(Norm(stream, width), width);

    /// <summary>Attention whose mixed values are multiplied by a gate before the projection (Qwen3-Next).</summary>
    public Value Gated(Value stream, int width)
    {
        var normed = Norm(stream, width);
        return Sum(stream, Linear(_ops.Mul(Mixed(normed, width), Sigmoid(normed, width)), width, width));
    }

    /// <summary>A gate for each channel, computed from a stream.</summary>
    public Value Sigmoid(Value stream, int width) => _ops.Emit("Sigmoid", [Linear(stream, width, width)]);

    /// <summary>Attention whose projections are of three axes, one of them the heads (Keras).</summary>
    public Value Projected(Value stream, int width)
    {
        var normed = Norm(stream, width);
        var (query, key, value) = (Heads3(normed, width), Heads3(normed, width), Heads3(normed, width));
        var scores = Einsum("bqhd,bkhd->bhqk", query, key);
        var mixed = Einsum("bhqk,bkhd->bqhd", _ops.Emit("Softmax", [scores], [NodeAttribute.Of("axis", -1L)]), value);
        return Sum(stream, Einsum("bthk,hkd->btd", mixed, Weight(Heads, width / Heads, width)));
    }

    /// <summary>torch's MultiheadAttention: positions first, and heads beside the examples.</summary>
    public Value PositionsFirst(Value stream, int width)
    {
        var normed = Norm(stream, width);
        var parts = Enumerable
            .Range(0, 3)
            .Select(_ => _ops.Transpose(_ops.Reshape(Linear(normed, width, width), 0, -1, width / Heads), 1, 0, 2))
            .ToList();
        var scores = _ops.Emit("MatMul", [parts[0], _ops.Transpose(parts[1], 0, 2, 1)]);
        var mixed = _ops.Emit("MatMul", [_ops.Emit("Softmax", [scores], [NodeAttribute.Of("axis", -1L)]), parts[2]]);
        return Sum(stream, Linear(_ops.Reshape(_ops.Transpose(mixed, 1, 0, 2), 0, -1, width), width, width));
    }

    /// <summary>A norm over the channels of each file's own statistics, as the second axis.</summary>
    public Value BatchNorm(Value value, int width) =>
        Turn(_ops.Emit("BatchNormalization", [Turn(value), Weight(width), Weight(width), Weight(width), Ones(width)]));

    /// <summary>Means of neighbouring positions, less the position itself (PoolFormer).</summary>
    public Value Pooled(Value stream, int width)
    {
        var turned = Turn(Norm(stream, width));
        var pooled = _ops.Emit(
            "AveragePool",
            [turned],
            [
                NodeAttribute.Of("kernel_shape", ImmutableArray.Create(3L)),
                NodeAttribute.Of("pads", ImmutableArray.Create(1L, 1L)),
            ]
        );
        return Turn(_ops.Emit("Sub", [pooled, turned]));
    }

    /// <summary>The states of an LSTM over the positions.</summary>
    public Value Remembered(Value stream, int width, string direction = "forward")
    {
        var states = _ops.Emit(
            "LSTM",
            [_ops.Transpose(Norm(stream, width), 1, 0, 2), Weight(1, 4 * width, width), Weight(1, 4 * width, width)],
            [NodeAttribute.Of("hidden_size", (long)width), NodeAttribute.Of("direction", direction)]
        );
        return _ops.Transpose(_ops.Reshape(states, 0, -1, width), 1, 0, 2);
    }

    public Value Apply(string type, params Value[] inputs) => _ops.Emit(type, inputs);

    /// <summary>One for each position that counts, [batch, position, 1], of a type.</summary>
    public Value Mask(ElementType type)
    {
        var given = Model.Graph.AddInput(
            "mask",
            new TensorType(
                ElementType.Int64,
                Shape.Of(Dimension.Named("batch"), Dimension.Named("input_ids_length"), Dimension.Fixed(1))
            )
        );
        return _ops.Emit("Cast", [given], [NodeAttribute.Of("to", (long)type)]);
    }

    /// <summary>Constants, a scalar where there is one.</summary>
    public Value Numbers(params float[] numbers) =>
        numbers.Length == 1
            ? Number(numbers[0])
            : Model.Graph.AddInitializer(
                _ops.Names.Unique("numbers"),
                TensorData.FromFloats([numbers.Length], numbers)
            );

    private Value Bytes(int from, int to)
    {
        var bytes = new byte[from * to];
        _random.NextBytes(bytes);
        var scales = Numbers([.. Enumerable.Range(1, to).Select(column => 0.004f + (0.0001f * column))]);
        return _ops.Emit(
            "DequantizeLinear",
            [
                Model.Graph.AddInitializer(
                    _ops.Names.Unique("bytes"),
                    TensorData.FromBytes(ElementType.Int8, [from, to], bytes)
                ),
                scales,
            ],
            [NodeAttribute.Of("axis", 1L)]
        );
    }

    private Value Ones(int width) => Numbers([.. Enumerable.Repeat(1f, width)]);

    private Value Heads3(Value input, int width) => Einsum("btd,dhk->bthk", input, Weight(width, Heads, width / Heads));

    private Value Einsum(string equation, params Value[] inputs) =>
        _ops.Emit("Einsum", inputs, [NodeAttribute.Of("equation", equation)]);

    private Value Parallel(Value stream, int width)
    {
        var normed = Norm(stream, width);
        return Sum(_ops.Add(Attention(normed, width), FeedForward(normed, width)), stream);
    }

    private Value Attention(Value input, int width, Value? other = null) =>
        Linear(Mixed(input, width, other), width, width);

    private Value Mixed(Value input, int width, Value? other = null)
    {
        var query = Split(Linear(input, width, width), width);
        var key = Split(Linear(other ?? input, width, width), width);
        var value = Split(Linear(other ?? input, width, width), width);
        var scores = _ops.Mul(_ops.Emit("MatMul", [query, _ops.Transpose(key, 0, 1, 3, 2)]), Number(0.5f));
        var weights = _ops.Emit("Softmax", [scores], [NodeAttribute.Of("axis", -1L)]);
        var mixed = _ops.Transpose(_ops.Emit("MatMul", [weights, value]), 0, 2, 1, 3);
        return _ops.Reshape(mixed, 0, 0, width);
    }

    private Value Split(Value value, int width) =>
        _ops.Transpose(_ops.Reshape(value, 0, 0, Heads, width / Heads), 0, 2, 1, 3);

    private Value FeedForward(Value input, int width) =>
        Linear(_ops.Emit("Relu", [Linear(input, width, 2 * width)]), 2 * width, width);

    // Two of three experts, weighed by a router.
    private Value Experts(Value input, int width)
    {
        var gates = _ops.Emit("Softmax", [Linear(input, width, 3)], [NodeAttribute.Of("axis", -1L)]);
        var chosen = _ops.EmitMany("TopK", [gates, _ops.Constant(2)], null, "", 2)[0];
        var first = _ops.Mul(FeedForward(input, width), _ops.Slice(chosen, 2, 0, 1));
        return _ops.Add(first, _ops.Mul(FeedForward(input, width), _ops.Slice(chosen, 2, 1, 2)));
    }

    // Conformer's module: pointwise, gate, depthwise, pointwise, all of them convolutions.
    private Value Convolution(Value input, int width)
    {
        var wide = _ops.Emit("Conv", [_ops.Transpose(input, 0, 2, 1), Weight(2 * width, width, 1)]);
        var gated = _ops.Mul(
            _ops.Slice(wide, 1, 0, width),
            _ops.Emit("Sigmoid", [_ops.Slice(wide, 1, width, 2 * width)])
        );
        var mixed = _ops.Emit("Conv", [gated, Weight(width, 1, Kernel)], Depthwise(width));
        var swish = _ops.Mul(mixed, _ops.Emit("Sigmoid", [mixed]));
        return _ops.Transpose(_ops.Emit("Conv", [swish, Weight(width, width, 1)]), 0, 2, 1);
    }

    // A selective state space whose scan is left out: projection, convolution, parameters, projection.
    private Value Mixer(Value input, int width)
    {
        var entered = Linear(input, width, width);
        var mixed = _ops.Transpose(
            _ops.Emit("Conv", [_ops.Transpose(entered, 0, 2, 1), Weight(width, 1, Kernel)], Depthwise(width)),
            0,
            2,
            1
        );
        var steps = _ops.Emit("Exp", [Linear(mixed, width, width)]);
        return Linear(_ops.Mul(mixed, steps), width, width);
    }

    private static NodeAttribute[] Depthwise(int width) =>
        [NodeAttribute.Of("group", (long)width), NodeAttribute.Of("pads", ImmutableArray.Create(1L, 1L))];

    private Value Number(float number) =>
        Model.Graph.AddInitializer(_ops.Names.Unique("number"), TensorData.FromFloats([], [number]));

    private Value Weight(params long[] sizes) =>
        Model.Graph.AddInitializer(
            _ops.Names.Unique("weight"),
            TensorData.FromFloats(
                sizes,
                [
                    .. Enumerable
                        .Range(0, (int)sizes.Aggregate(1L, (product, size) => product * size))
                        .Select(_ => (float)(_random.NextDouble() - 0.5)),
                ]
            )
        );
}
