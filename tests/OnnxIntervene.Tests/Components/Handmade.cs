using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// A small transformer that is written as one family's exports write it, without names that tell. It remembers which
/// tensor each component
/// is.
/// </summary>
internal sealed class Handmade
{
    public const int Length = 5;
    private const int Heads = 4;
    private const int HeadWidth = 8;
    private const int Width = Heads * HeadWidth;
    private const int Inner = 48;
    private const int Vocabulary = 20;
    private const int Layers = 2;

    private readonly HandmadeStyle _style;
    private readonly OpBuilder _ops;
    private readonly Dictionary<ComponentAddress, Value> _parts = [];
    private readonly Random _random = new(7);
    private int _layer;

    private Handmade(HandmadeStyle style)
    {
        _style = style;
        Model = new Model(
            new Graph(),
            8,
            ImmutableSortedDictionary<string, long>.Empty.Add("", 17).Add(OperatorKey.Microsoft, 1)
        );
        _ops = new OpBuilder(Model.Graph, NameScope.Of(Model), 17, "n");
    }

    public Model Model { get; }

    /// <summary>
    /// The tensor that each component is, by name: for a part of a packed tensor, a tensor of the same numbers.
    /// </summary>
    public IReadOnlyDictionary<ComponentAddress, Value> Parts => _parts;

    public static Handmade Build(HandmadeStyle style)
    {
        var handmade = new Handmade(style);
        handmade.Build();
        return handmade;
    }

    private void Build()
    {
        var tokens = Model.Graph.AddInput(
            "input_ids",
            new TensorType(ElementType.Int64, Shape.Of(Dimension.Named("batch"), Dimension.Fixed(Length)))
        );
        var stream = _ops.Gather(Weight(Vocabulary, Width), tokens, 0);
        if (_style.Segments)
            stream = Norm(
                _ops.Add(
                    _ops.Add(stream, _ops.Gather(Weight(2, Width), _ops.Mul(tokens, _ops.Constant(0)), 0)),
                    Constant(1, Length, Width)
                )
            );
        if (_style.EmbeddingScale)
            stream = _ops.Mul(stream, Number(3));
        var encoded = _style.Cross ? _ops.Gather(Weight(Vocabulary, Width), tokens, 0) : null;
        for (_layer = 0; _layer < Layers; _layer++)
        {
            Part(ComponentNames.BlockInput, stream);
            stream = Layer(stream, encoded);
            Part(ComponentNames.BlockOutput, stream);
        }

        var logits = _ops.Emit("MatMul", [_style.PostNorm ? stream : Norm(stream), Weight(Width, Vocabulary)]);
        logits.Type = new TensorType(
            ElementType.Float32,
            Shape.Of(Dimension.Named("batch"), Dimension.Fixed(Length), Dimension.Fixed(Vocabulary))
        );
        Model.Graph.AddOutput(logits);
    }

    private Value Layer(Value stream, Value? encoded)
    {
        var normed = _style.PostNorm ? stream : Part(ComponentNames.AttentionInput, Norm(stream));
        var attention = Attention(normed, normed, "");
        if (_style.Parallel)
        {
            var second = _style.OneNorm ? normed : Norm(stream);
            Part(ComponentNames.MlpInput, second);
            return _ops.Add(_ops.Add(Scaled(attention), Scaled(FeedForward(second))), Kept(stream));
        }

        stream = AddTo(stream, attention);
        if (encoded is not null)
            stream = AddTo(
                stream,
                Attention(Part("cross_" + ComponentNames.AttentionInput, Norm(stream)), encoded, "cross_")
            );
        if (_style.PostNorm)
        {
            stream = Part(ComponentNames.ResidMid, Norm(stream));
            Part(ComponentNames.AttentionOutput, stream, _style.Segments);
            return Part(ComponentNames.MlpOutput, Norm(_ops.Add(Kept(stream), FeedForward(stream))), _style.Segments);
        }

        Part(ComponentNames.ResidMid, stream);
        return AddTo(stream, FeedForward(Part(ComponentNames.MlpInput, Norm(stream))));
    }

    private Value AddTo(Value stream, Value part) =>
        _style.PartFirst ? _ops.Add(Scaled(part), Kept(stream)) : _ops.Add(Kept(stream), Scaled(part));

    private Value Kept(Value stream) => _style.StreamScale == 0 ? stream : _ops.Mul(stream, Number(_style.StreamScale));

    private Value Scaled(Value part) => _style.ResidualScale ? _ops.Mul(part, Number(0.22f)) : part;

    private Value Attention(Value input, Value other, string prefix)
    {
        var (query, key, value) =
            _style.Packing == HandmadePacking.None || prefix.Length > 0
                ? Separate(input, other, prefix)
                : Packed(input);
        var weights = Weights(query, key, prefix);
        var mixed = _style.FoldedHeads
            ? _ops.Reshape(
                _ops.Emit("MatMul", [Folded(weights, Length), Folded(value, HeadWidth)]),
                -1,
                Heads,
                Length,
                HeadWidth
            )
            : _ops.Emit("MatMul", [weights, value]);
        var joined = Part(
            prefix + ComponentNames.AttentionValueOutput,
            _ops.Reshape(_ops.Transpose(mixed, 0, 2, 1, 3), 0, 0, Width)
        );
        return Part(prefix + ComponentNames.AttentionOutput, Linear(joined, Width, Width), !_style.Segments);
    }

    private Value Weights(Value query, Value key, string prefix)
    {
        if (_style.Rotary > 0 && prefix.Length == 0)
            (query, key) = (Rotate(query), Rotate(key));
        var turned = _ops.Transpose(key, 0, 1, 3, 2);
        var scores = _style.FoldedHeads
            ? _ops.Reshape(
                _ops.Emit("MatMul", [Folded(query, HeadWidth), _ops.Reshape(turned, -1, HeadWidth, Length)]),
                -1,
                Heads,
                Length,
                Length
            )
            : _ops.Emit("MatMul", [_style.ScaleQuery ? _ops.Mul(query, Number(0.35f)) : query, turned]);
        if (!_style.ScaleQuery)
            scores = _ops.Emit("Div", [scores, Number(2.8f)]);
        if (_style.RelativeScores)
            scores = _ops.Add(scores, _ops.Emit("MatMul", [query, Constant(HeadWidth, Length)]));
        if (_style.Alibi)
            scores = _ops.Add(scores, Constant(Heads, 1, Length));
        return Part(
            prefix + ComponentNames.AttentionWeight,
            _ops.Emit("Softmax", [_ops.Add(scores, Constant(Length, Length))], [NodeAttribute.Of("axis", -1L)])
        );
    }

    private (Value Query, Value Key, Value Value) Separate(Value input, Value other, string prefix)
    {
        var width = _style.KeyHeads * HeadWidth;
        var query = Part(prefix + ComponentNames.QueryOutput, Linear(input, Width, Width));
        var key = Part(prefix + ComponentNames.KeyOutput, Linear(other, Width, width));
        var value = Part(prefix + ComponentNames.ValueOutput, Linear(other, Width, width));
        return (Split(query, Heads), Repeat(Split(key, _style.KeyHeads)), Repeat(Split(value, _style.KeyHeads)));
    }

    private (Value Query, Value Key, Value Value) Packed(Value input)
    {
        var keys = _style.KeyHeads;
        var packed = Linear(input, Width, (Heads + (2 * keys)) * HeadWidth);
        switch (_style.Packing)
        {
            case HandmadePacking.Split:
                var parts = _ops.EmitMany(
                    "Split",
                    [packed, _ops.Constant(Width, keys * HeadWidth, keys * HeadWidth)],
                    [NodeAttribute.Of("axis", -1L)],
                    "",
                    3
                );
                return Named(Split(parts[0], Heads), Split(parts[1], keys), Split(parts[2], keys));
            case HandmadePacking.HeadsInOneView:
                var view = _ops.Reshape(packed, 0, 0, Heads + (2 * keys), HeadWidth);
                return Named(
                    Turned(view, 0, Heads),
                    Turned(view, Heads, Heads + keys),
                    Turned(view, Heads + keys, Heads + (2 * keys))
                );
            case HandmadePacking.Interleaved:
                var perHead = _ops.Reshape(packed, 0, 0, Heads, 3, HeadWidth);
                return Named(Chosen(perHead, 0, 3), Chosen(perHead, 1, 3), Chosen(perHead, 2, 3));
            case HandmadePacking.InterleavedWide:
                var wide = _ops.Transpose(_ops.Reshape(packed, 0, 0, Heads, 3 * HeadWidth), 0, 2, 1, 3);
                return Named(Slice(wide, 0), Slice(wide, 1), Slice(wide, 2));
            case HandmadePacking.ThreeFirst:
                var three = _ops.Transpose(_ops.Reshape(packed, 0, 0, 3, Heads, HeadWidth), 2, 0, 3, 1, 4);
                return Named(First(three, 0), First(three, 1), First(three, 2));
            default:
                return Grouped(_ops.Reshape(packed, 0, 0, keys, (Heads / keys) + 2, HeadWidth));
        }

        Value Turned(Value view, int from, int to) => _ops.Transpose(_ops.Slice(view, 2, from, to), 0, 2, 1, 3);
        Value Chosen(Value perHead, long part, long axis) =>
            _ops.Transpose(_ops.Gather(perHead, _ops.Scalar(part), axis), 0, 2, 1, 3);
        Value Slice(Value wide, int part) => _ops.Slice(wide, 3, part * HeadWidth, (part + 1) * HeadWidth);
        Value First(Value three, long part) => _ops.Gather(three, _ops.Scalar(part), 0);
    }

    // Each key head after the query heads that it serves, and its value head after it.
    private (Value Query, Value Key, Value Value) Grouped(Value groups)
    {
        var (keys, queries) = (_style.KeyHeads, Heads / _style.KeyHeads);
        var query = _ops.Reshape(_ops.Slice(groups, 3, 0, queries), 0, 0, Heads, HeadWidth);
        return Named(_ops.Transpose(query, 0, 2, 1, 3), One(queries), One(queries + 1));

        Value One(int head) => Split(_ops.Reshape(_ops.Slice(groups, 3, head, head + 1), 0, 0, keys * HeadWidth), keys);
    }

    // The packed parts, read back from the heads.
    private (Value Query, Value Key, Value Value) Named(Value query, Value key, Value value)
    {
        Part(ComponentNames.QueryOutput, Joined(query));
        Part(ComponentNames.KeyOutput, Joined(key));
        Part(ComponentNames.ValueOutput, Joined(value));
        return (query, Repeat(key), Repeat(value));
    }

    private Value Joined(Value heads) => _ops.Reshape(_ops.Transpose(heads, 0, 2, 1, 3), 0, 0, -1);

    private Value FeedForward(Value input)
    {
        var activated = Activated(input);
        return Part(ComponentNames.MlpOutput, Linear(activated, Inner, Width), !_style.Segments);
    }

    private Value Activated(Value input)
    {
        if (!_style.Gated)
            return Part(ComponentNames.MlpActivation, Activation(Linear(input, Width, Inner)));
        if (!_style.PackedGate)
        {
            var (gate, up) = (Linear(input, Width, Inner), Linear(input, Width, Inner));
            return _ops.Mul(up, Part(ComponentNames.MlpActivation, Activation(gate)));
        }

        var both = _ops.EmitMany(
            "Split",
            [Linear(input, Width, 2 * Inner), _ops.Constant(Inner, Inner)],
            [NodeAttribute.Of("axis", -1L)],
            "",
            2
        );
        return _ops.Mul(both[1], Part(ComponentNames.MlpActivation, Activation(both[0])));
    }

    private Value Activation(Value value) =>
        _style.Activation switch
        {
            "silu" => _ops.Mul(value, _ops.Emit("Sigmoid", [value])),
            "quick_gelu" => _ops.Mul(value, _ops.Emit("Sigmoid", [_ops.Mul(value, Number(1.702f))])),
            "none" => value,
            "relu_squared" => Squared(_ops.Emit("Relu", [value])),
            _ => _ops.Mul(
                _ops.Mul(value, Number(0.5f)),
                _ops.Add(_ops.Emit("Erf", [_ops.Emit("Div", [value, Number(1.4142f)])]), Number(1))
            ),
        };

    private Value Squared(Value value) => _ops.Mul(value, value);

    private Value Norm(Value value)
    {
        var scale = Constant(Width);
        if (!_style.RootNorm)
            return _ops.Emit("LayerNormalization", [value, scale, Constant(Width)], [NodeAttribute.Of("axis", -1L)]);
        var mean = _ops.Emit(
            "ReduceMean",
            [_ops.Emit("Pow", [value, Number(2)])],
            [NodeAttribute.Of("axes", ImmutableArray.Create(-1L))]
        );
        return _ops.Mul(
            scale,
            _ops.Mul(value, _ops.Emit("Reciprocal", [_ops.Emit("Sqrt", [_ops.Add(mean, Number(1e-5f))])]))
        );
    }

    private Value Linear(Value value, int from, int to)
    {
        var weight = Weight(from, to);
        var product = _style.Quantization.Product(_ops, value, weight.Initializer!);
        return _style.Bias ? _ops.Add(Constant(to), product) : product;
    }

    private Value Split(Value value, int heads) =>
        _ops.Transpose(_ops.Reshape(value, 0, 0, heads, HeadWidth), 0, 2, 1, 3);

    private Value Folded(Value value, long last) => _ops.Reshape(value, -1, Length, last);

    private Value Repeat(Value value)
    {
        if (_style.KeyHeads == Heads)
            return value;
        var shape = _ops.Concat(
            0,
            _ops.Slice(_ops.ShapeOf(value), 0, 0, 1),
            _ops.Constant(_style.KeyHeads, Heads / _style.KeyHeads, Length, HeadWidth)
        );
        return _ops.Reshape(_ops.Expand(_ops.Unsqueeze(value, 2), shape), 0, Heads, Length, HeadWidth);
    }

    // The first entries of a head are rotated, the rest passes.
    private Value Rotate(Value value)
    {
        var turned = _ops.Slice(value, 3, 0, _style.Rotary);
        var half = _ops.Concat(
            3,
            _ops.Emit("Neg", [_ops.Slice(turned, 3, _style.Rotary / 2, _style.Rotary)]),
            _ops.Slice(turned, 3, 0, _style.Rotary / 2)
        );
        var rotated = _ops.Add(
            _ops.Mul(turned, Constant(Length, _style.Rotary)),
            _ops.Mul(half, Constant(Length, _style.Rotary))
        );
        return _style.Rotary == HeadWidth
            ? rotated
            : _ops.Concat(3, rotated, _ops.Slice(value, 3, _style.Rotary, HeadWidth));
    }

    private Value Part(string name, Value value, bool isTold = true)
    {
        if (isTold)
            _parts.Add(new ComponentAddress(_layer, name), value);
        return value;
    }

    private Value Weight(int rows, int columns) => Constant(rows, columns);

    private Value Number(float number) =>
        _ops.Graph.AddInitializer(_ops.Names.Unique("n/number"), TensorData.FromFloats([], [number]));

    private Value Constant(params long[] sizes) =>
        _ops.Graph.AddInitializer(
            _ops.Names.Unique("n/weight"),
            TensorData.FromFloats(
                sizes,
                [
                    .. Enumerable
                        .Range(0, (int)sizes.Aggregate(1L, (product, size) => product * size))
                        .Select(_ => (float)((_random.NextDouble() - 0.5) * 0.6)),
                ]
            )
        );
}
