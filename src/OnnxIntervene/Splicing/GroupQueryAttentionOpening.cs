using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Opens ONNX Runtime's GroupQueryAttention into the operators that it fuses, so that the attention probabilities can be reached
/// (ONNX Runtime, docs/ContribOperators.md). Rows are aligned at their first token, as the fused operator demands.
/// </summary>
internal sealed class GroupQueryAttentionOpening
{
    private readonly Node _node;
    private readonly OpBuilder _ops;
    private readonly GraphEditor _editor;
    private readonly int _heads;
    private readonly int _keyHeads;
    private readonly int _headWidth;

    private GroupQueryAttentionOpening(GraphEditor editor, Node node)
    {
        _node = node;
        _editor = editor;
        _ops = editor.Builder($"{node.Name}/opened", node.Graph);
        _heads = (int)(node.FindAttribute("num_heads")?.Integer ?? 0);
        _keyHeads = (int)(node.FindAttribute("kv_num_heads")?.Integer ?? 0);
        _headWidth = HeadWidth();
    }

    /// <summary>Replaces the node and returns the probabilities, <c>[batch, head, query, key]</c>.</summary>
    /// <exception cref="InterventionException">The operator uses a setting that the opened form does not have.</exception>
    public static OpenedAttention Open(GraphEditor editor, Node node)
    {
        Check(node);
        return new GroupQueryAttentionOpening(editor, node).Open(editor);
    }

    private static void Check(Node node)
    {
        foreach (var (name, neutral) in new[] { ("local_window_size", -1L), ("smooth_softmax", 0L), ("rotary_interleaved", 0L) })
        {
            if (node.FindAttribute(name) is { } setting && setting.Integer != neutral)
                throw new InterventionException($"{node} has {setting}, so that its attention probabilities cannot be reached.");
        }

        if (node.FindAttribute("softcap") is { Float: not 0 } cap)
            throw new InterventionException($"{node} has {cap}, so that its attention probabilities cannot be reached.");
        if (node.Inputs.Skip(9).Any(input => input is not null))
            throw new InterventionException($"{node} has an attention bias or sinks, so that its attention probabilities cannot be reached.");
    }

    private OpenedAttention Open(GraphEditor editor)
    {
        var (query, key, value) = Projections();
        var tokens = _editor.Tokens(TokensKey(), () => CountedTokens.Build(_editor.Builder($"{_node.Name}/opened/tokens", _node.Graph), _node));
        if (_node.FindAttribute("do_rotary") is { Integer: 1 })
            (query, key) = (Rotate(query, tokens, _heads), Rotate(key, tokens, _keyHeads));
        key = WithPast(key, 3);
        value = WithPast(value, 4);
        var probabilities = Probabilities(query, key, tokens);
        var mixed = Mixed(probabilities, value, tokens);
        editor.Replace(_node.Output, _ops.Reshape(_ops.Transpose(mixed, 0, 2, 1, 3), 0, 0, -1));
        ReplaceIfGiven(editor, 1, key);
        ReplaceIfGiven(editor, 2, value);
        _node.Graph!.Remove(_node);
        return new OpenedAttention(probabilities, []);
    }

    private (Value Query, Value Key, Value Value) Projections()
    {
        if (_node.InputOrNull(1) is { } key && _node.InputOrNull(2) is { } value)
            return (SplitHeads(_node.Inputs[0]!, _heads), SplitHeads(key, _keyHeads), SplitHeads(value, _keyHeads));
        // Packed: the heads of queries, keys and values lie one after the other.
        var all = SplitHeads(_node.Inputs[0]!, _heads + (2 * _keyHeads));
        return (_ops.Slice(all, 1, 0, _heads),
            _ops.Slice(all, 1, _heads, _heads + _keyHeads),
            _ops.Slice(all, 1, _heads + _keyHeads, _heads + (2 * _keyHeads)));
    }

    private Value SplitHeads(Value value, int heads) => _ops.Transpose(_ops.Reshape(value, 0, 0, heads, -1), 0, 2, 1, 3);

    // RotaryEmbedding of ONNX Runtime takes [batch, head, position, width] and positions [batch, position].
    private Value Rotate(Value value, CountedTokens tokens, int heads) => _ops.Emit(
        "RotaryEmbedding",
        [value, tokens.PositionIds, _node.Inputs[7], _node.Inputs[8]],
        [NodeAttribute.Of("interleaved", 0L), NodeAttribute.Of("num_heads", (long)heads)],
        OperatorKey.Microsoft);

    private Value WithPast(Value value, int input) =>
        _node.InputOrNull(input) is { } past ? _ops.Concat(2, past, value) : value;

    // Where the width of a head is known, the query heads of a key head stand below each other in one product, and keys are not copied.
    private Value Probabilities(Value query, Value key, CountedTokens tokens)
    {
        var scores = _headWidth > 0
            ? _ops.Reshape(
                _ops.Emit("MatMul", [_ops.Reshape(query, 0, _keyHeads, -1, _headWidth), _ops.Transpose(key, 0, 1, 3, 2)]),
                _ops.Concat(0, _ops.Constant(0, _heads, -1), tokens.Total))
            : _ops.Emit("MatMul", [query, _ops.Transpose(Repeat(key), 0, 1, 3, 2)]);
        return _ops.Emit("Softmax", [_ops.Add(_ops.Mul(scores, Scale(query)), tokens.Mask)], [NodeAttribute.Of("axis", -1L)]);
    }

    private Value Mixed(Value probabilities, Value value, CountedTokens tokens)
    {
        if (_headWidth == 0)
            return _ops.Emit("MatMul", [probabilities, Repeat(value)]);
        var grouped = _ops.Reshape(probabilities, _ops.Concat(0, _ops.Constant(0, _keyHeads, -1), tokens.Total));
        return _ops.Reshape(_ops.Emit("MatMul", [grouped, value]), 0, _heads, -1, _headWidth);
    }

    private Value Scale(Value query)
    {
        if (_node.FindAttribute("scale") is { Float: not 0 } scale)
            return Number(scale.Float);
        var width = _ops.Cast(_ops.Gather(_ops.ShapeOf(query), _ops.Scalar(3), 0), ElementType.Float32);
        return _ops.Emit("Reciprocal", [_ops.Emit("Sqrt", [width])]);
    }

    // Each key head serves several query heads: [batch, key head, …] becomes [batch, head, …].
    private Value Repeat(Value value)
    {
        var group = _heads / _keyHeads;
        if (group == 1)
            return value;
        var indices = Enumerable.Range(0, _heads).Select(head => (long)(head / group)).ToArray();
        return _ops.Gather(value, _ops.Constant(indices), 1);
    }

    private Value Number(float number) =>
        _ops.Graph.AddInitializer(_ops.Names.Unique($"{_node.Name}/opened/number"), TensorData.FromFloats([], [number]));

    // Layers that count the same tokens of equally long rows share what is made of them.
    private (Graph Graph, string Name) TokensKey()
    {
        var shape = _node.Inputs[0]!.Type?.Shape;
        var isKnown = shape is { Rank: 3 } && (shape[1].Size is not null || shape[1].Symbol is { Length: > 0 });
        return (_node.Graph!, isKnown ? $"{_node.Inputs[6]!.Name} {shape![0]} {shape[1]}" : _node.Output.Name);
    }

    private int HeadWidth()
    {
        var width = _node.Inputs[0]!.Type?.Shape is { Rank: 3 } shape ? shape[2].Size ?? 0 : 0;
        var heads = _node.InputOrNull(1) is null ? _heads + (2 * _keyHeads) : _heads;
        return heads > 0 && width % heads == 0 ? (int)(width / heads) : 0;
    }

    private void ReplaceIfGiven(GraphEditor editor, int output, Value replacement)
    {
        if (_node.OutputOrNull(output) is { } old)
            editor.Replace(old, replacement);
    }
}
