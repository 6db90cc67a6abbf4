using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// Opens the standard's Attention (ONNX, Operators.md, operator sets 23 and 24) into the operators that it consists of,
/// in the order of ONNX Runtime 1.31: scores, cap, mask, softmax.
/// </summary>
internal sealed class StandardAttentionOpening
{
    private const int Mask = 3;
    private const int PastKey = 4;
    private const int PastValue = 5;
    private const int KeyCounts = 6;

    private readonly Node _node;
    private readonly AttentionArithmetic _attention;
    private readonly OpBuilder _ops;
    private readonly int _heads;
    private readonly int _keyHeads;
    private readonly bool _isSplit;

    private StandardAttentionOpening(GraphEditor editor, Node node)
    {
        _node = node;
        _attention = new AttentionArithmetic(editor, node);
        _ops = _attention.Ops;
        _heads = (int)(node.FindAttribute("q_num_heads")?.Integer ?? 0);
        _keyHeads = (int)(node.FindAttribute("kv_num_heads")?.Integer ?? 0);
        var rank = editor.Types.RankOf(node.Inputs[0]!);
        _isSplit = rank == 4 || (rank != 3 && _heads == 0);
    }

    /// <summary>
    /// Puts the opened form in the node's place and returns the probabilities, <c>[batch, head, query, key]</c>.
    /// </summary>
    public static OpenedValues Open(GraphEditor editor, Node node) =>
        new StandardAttentionOpening(editor, node).Open(editor);

    private OpenedValues Open(GraphEditor editor)
    {
        var query = Split(_node.Inputs[0]!, _heads);
        var key = _attention.WithPast(Split(_node.Inputs[1]!, _keyHeads), _node.InputOrNull(PastKey));
        var value = _attention.WithPast(Split(_node.Inputs[2]!, _keyHeads), _node.InputOrNull(PastValue));
        var products = _attention.Scores(query, Repeated(key, query), _node.FindAttribute("scale")?.Float);
        var capped = _attention.Capped(products, _node.FindAttribute("softcap")?.Float ?? 0);
        var masked = Masked(capped, query);
        var probabilities = _attention.Softmax(masked);
        var mixed = _attention.Mix(probabilities, Repeated(value, query));
        editor.Replace(_node.Output, _isSplit ? mixed : _attention.JoinHeads(mixed));
        editor.ReplaceIfPresent(_node, 1, key);
        editor.ReplaceIfPresent(_node, 2, value);
        editor.ReplaceIfPresent(
            _node,
            3,
            (_node.FindAttribute("qk_matmul_output_mode")?.Integer ?? 0) switch
            {
                0 => products,
                1 => capped,
                2 => masked,
                _ => probabilities,
            }
        );
        return new OpenedValues { Probabilities = probabilities };
    }

    private Value Split(Value value, int heads) => _isSplit ? value : _attention.SplitHeads(value, heads);

    private Value Repeated(Value value, Value query) =>
        _heads > 0 && _keyHeads > 0 ? _attention.Repeat(value, _heads, _keyHeads) : _attention.Repeat(value, query);

    private Value Masked(Value scores, Value query)
    {
        var masked = scores;
        if (_node.InputOrNull(Mask) is { } mask)
        {
            masked =
                Precision.Of(mask) == ElementType.Bool
                    ? _ops.Where(
                        Padded(mask, scores, _ops.Cast(_ops.Scalar(0), ElementType.Bool)),
                        masked,
                        _attention.Lowest
                    )
                    : _ops.Add(masked, Padded(mask, scores, _attention.Lowest));
        }

        if (_node.FindAttribute("is_causal") is { Integer: 1 })
            masked = _ops.Where(IsPast(scores, query), masked, _attention.Lowest);
        if (_node.InputOrNull(KeyCounts) is not { } counts)
            return masked;
        var keys = _ops.Unsqueeze(_attention.UpTo(_attention.Length(scores, 3)), 0, 1, 2);
        return _ops.Where(_ops.Emit("Less", [keys, _ops.Unsqueeze(counts, 1, 2, 3)]), masked, _attention.Lowest);
    }

    // From operator set 24 on a mask may cover fewer keys than there are; the other keys are not seen.
    private Value Padded(Value mask, Value scores, Value hidden)
    {
        if (_ops.OperatorSetVersion < 24)
            return mask;
        var covered = _ops.Slice(_ops.ShapeOf(mask), 0, -1, long.MaxValue);
        var missing = _ops.Sub(_ops.Slice(_ops.ShapeOf(scores), 0, 3, 4), covered);
        return _ops.Emit("Pad", [mask, _ops.Concat(0, _ops.Constant(0), missing), hidden, _ops.Constant(-1)]);
    }

    // A query sees the keys of the cache, and the new ones up to its own position.
    private Value IsPast(Value scores, Value query)
    {
        var keys = _ops.Unsqueeze(_attention.UpTo(_attention.Length(scores, 3)), 0);
        var queries = _attention.UpTo(_attention.Length(query, 2));
        if (_node.InputOrNull(PastKey) is { } past)
            queries = _ops.Add(queries, _attention.Length(past, 2));
        return _ops.Emit("LessOrEqual", [keys, _ops.Unsqueeze(queries, 1)]);
    }
}
