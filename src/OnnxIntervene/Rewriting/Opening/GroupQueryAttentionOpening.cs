using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// Opens ONNX Runtime's GroupQueryAttention into the operators that it fuses, so that the attention probabilities can
/// be reached (ONNX Runtime, docs/ContribOperators.md). Rows are aligned at their first token, as the fused operator
/// demands.
/// </summary>
internal sealed class GroupQueryAttentionOpening
{
    private const int PositionIds = 9;
    private const int Bias = 10;
    private const int Sinks = 11;

    private readonly Node _node;
    private readonly AttentionArithmetic _attention;
    private readonly OpBuilder _ops;
    private readonly CountedTokens _tokens;
    private readonly int _heads;
    private readonly int _keyHeads;
    private readonly int _headWidth;

    private GroupQueryAttentionOpening(GraphEditor editor, Node node)
    {
        _node = node;
        _attention = new AttentionArithmetic(editor, node);
        _ops = _attention.Ops;
        _heads = (int)(node.FindAttribute("num_heads")?.Integer ?? 0);
        _keyHeads = (int)(node.FindAttribute("kv_num_heads")?.Integer ?? 0);
        _headWidth = HeadWidth();
        var window = Math.Max(0, node.FindAttribute("local_window_size")?.Integer ?? 0);
        _tokens = editor.Once(CountedTokens.KeyOf(node, window), () => CountedTokens.Build(_attention, node, window));
    }

    /// <summary>
    /// Puts the opened form in the node's place and returns the probabilities, <c>[batch, head, query, key]</c>.
    /// </summary>
    public static OpenedValues Open(GraphEditor editor, Node node) =>
        new GroupQueryAttentionOpening(editor, node).Open(editor);

    /// <summary>Why a node cannot be opened; null where it can.</summary>
    public static string? Refusal(Node node)
    {
        foreach (var name in new[] { "k_quant_type", "v_quant_type" })
        {
            if (node.FindAttribute(name) is { Text: not "NONE" } setting)
                return $"has {setting}";
        }

        // In a prompt the operator looks only at the first position.
        if (node.InputOrNull(PositionIds) is not null)
            return "is given positions";
        return node.OutputOrNull(3) is null ? null : "outputs its scores too";
    }

    private OpenedValues Open(GraphEditor editor)
    {
        var (query, key, value) = Projections();
        if (_node.FindAttribute("do_rotary") is { Integer: 1 })
            (query, key) = (Rotate(query, _heads), Rotate(key, _keyHeads));
        key = _attention.WithPast(key, _node.InputOrNull(3));
        value = _attention.WithPast(value, _node.InputOrNull(4));
        var probabilities = Probabilities(query, key);
        editor.Replace(_node.Output, _attention.JoinHeads(Mixed(probabilities, value)));
        editor.ReplaceIfPresent(_node, 1, key);
        editor.ReplaceIfPresent(_node, 2, value);
        return new OpenedValues { Probabilities = probabilities };
    }

    private (Value Query, Value Key, Value Value) Projections()
    {
        if (_node.InputOrNull(1) is { } key && _node.InputOrNull(2) is { } value)
            return (
                _attention.SplitHeads(_node.Inputs[0]!, _heads),
                _attention.SplitHeads(key, _keyHeads),
                _attention.SplitHeads(value, _keyHeads)
            );
        // Packed: the heads of queries, keys and values are one after the other.
        var all = _attention.SplitHeads(_node.Inputs[0]!, _heads + (2 * _keyHeads));
        return (
            _ops.Slice(all, 1, 0, _heads),
            _ops.Slice(all, 1, _heads, _heads + _keyHeads),
            _ops.Slice(all, 1, _heads + _keyHeads, _heads + (2 * _keyHeads))
        );
    }

    // RotaryEmbedding of ONNX Runtime takes [batch, head, position, width] and positions [batch, position].
    private Value Rotate(Value value, int heads) =>
        _ops.Emit(
            "RotaryEmbedding",
            [value, _tokens.PositionIds, _node.Inputs[7], _node.Inputs[8]],
            [
                NodeAttribute.Of("interleaved", _node.FindAttribute("rotary_interleaved")?.Integer ?? 0),
                NodeAttribute.Of("num_heads", (long)heads),
            ],
            OperatorKey.Microsoft
        );

    private Value Probabilities(Value query, Value key)
    {
        var capped = _attention.Capped(Scores(query, key), _node.FindAttribute("softcap")?.Float ?? 0);
        if (_node.InputOrNull(Bias) is { } bias)
            capped = _ops.Add(capped, bias);
        var masked = _ops.Add(capped, _tokens.Mask);
        if (_node.InputOrNull(Sinks) is { } sinks)
            return WithSink(masked, _ops.Reshape(sinks, 1, _heads, 1, 1));
        return _node.FindAttribute("smooth_softmax") is { Integer: 1 }
            ? WithSink(masked, _attention.Number(0))
            : _attention.Softmax(masked);
    }

    // Where the width of a head is known, the query heads of a key head are stacked in one product, and keys
    // are not copied.
    private Value Scores(Value query, Value key)
    {
        var scale = _node.FindAttribute("scale") is { Float: not 0 and var given } ? given : (float?)null;
        if (_headWidth == 0 || _heads == _keyHeads)
            return _attention.Scores(query, _attention.Repeat(key, _heads, _keyHeads), scale);
        var grouped = _attention.Scores(_ops.Reshape(query, 0, _keyHeads, -1, _headWidth), key, scale);
        return _ops.Reshape(grouped, _ops.Concat(0, _ops.Constant(0, _heads, -1), _tokens.Total));
    }

    private Value Mixed(Value probabilities, Value value)
    {
        if (_headWidth == 0 || _heads == _keyHeads)
            return _attention.Mix(probabilities, _attention.Repeat(value, _heads, _keyHeads));
        var grouped = _ops.Reshape(probabilities, _ops.Concat(0, _ops.Constant(0, _keyHeads, -1), _tokens.Total));
        return _ops.Reshape(_attention.Mix(grouped, value), 0, _heads, -1, _headWidth);
    }

    // One more key that takes its share of the attention and has a value of zero.
    private Value WithSink(Value scores, Value sink)
    {
        var sizes = _ops.Concat(0, _ops.Slice(_ops.ShapeOf(scores), 0, 0, 3), _ops.Constant(1));
        var all = _attention.Softmax(_ops.Concat(3, scores, _ops.Expand(sink, sizes)));
        return _ops.Slice(all, 3, 0, -1);
    }

    private int HeadWidth()
    {
        var width = _node.Inputs[0]!.Type?.Shape is { Rank: 3 } shape ? shape[2].Size ?? 0 : 0;
        var heads = _node.InputOrNull(1) is null ? _heads + (2 * _keyHeads) : _heads;
        return heads > 0 && width % heads == 0 ? (int)(width / heads) : 0;
    }
}
