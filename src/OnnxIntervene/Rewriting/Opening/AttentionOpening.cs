using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// Opens ONNX Runtime's Attention and MultiHeadAttention into the operators that they fuse, so that projections and
/// probabilities can be reached (ONNX Runtime, docs/ContribOperators.md). Shared buffers, beams and rotation inside the
/// operator are refused.
/// </summary>
internal sealed class AttentionOpening
{
    private const float DefaultMask = -10000;
    private const int BiasInput = 5;

    private readonly Node _node;
    private readonly AttentionArithmetic _attention;
    private readonly OpBuilder _ops;
    private readonly int _heads;
    private readonly bool _isPacked;

    private AttentionOpening(GraphEditor editor, Node node)
    {
        _node = node;
        _attention = new AttentionArithmetic(editor, node);
        _ops = _attention.Ops;
        _heads = FusedOperators.Heads(node, 0);
        _isPacked = FusedOperators.IsPackedAttention(node);
    }

    /// <summary>Puts the opened form in the node's place; the caller removes the node.</summary>
    public static OpenedValues Open(GraphEditor editor, Node node) => new AttentionOpening(editor, node).Open(editor);

    /// <summary>Why a node cannot be opened; null where it can.</summary>
    public static string? Refusal(Node node)
    {
        var isPacked = FusedOperators.IsPackedAttention(node);
        if (node.FindAttribute("do_rotary") is { Integer: not 0 })
            return "applies rotary embedding inside";
        if (node.Inputs.Skip(isPacked ? 6 : 8).Any(input => input is not null))
            return "shares its cache's memory or searches beams";
        if (!isPacked && (node.InputOrNull(1) is null || node.InputOrNull(2) is null))
            return "takes packed queries, keys and values";
        if (!isPacked && new TypeInference().RankOf(node.Inputs[1]!) > 3)
            return "takes keys that are split into heads";
        return MaskRefusal(node, isPacked) ?? (NeedsWidths(node, isPacked) ? "has weights of unknown size" : null);
    }

    // A mask of keys, of queries and keys, or how many keys each example has.
    private static string? MaskRefusal(Node node, bool isPacked) =>
        node.InputOrNull(isPacked ? 3 : 4) is not { } mask
            ? null
            : new TypeInference().RankOf(mask) switch
            {
                1 => mask.Producer is { Operator.OperatorType: "Concat" } ? "also has a start of tokens" : null,
                2 or 3 => null,
                null => "has a mask of unknown shape",
                var rank => $"has a mask of {rank} axes",
            };

    // Where nothing states the widths of the projections, they are thirds of the weights, or of the biases.
    private static bool NeedsWidths(Node node, bool isPacked) =>
        node.FindAttribute("qkv_hidden_sizes") is null
        && (isPacked ? node.Inputs[1] : node.InputOrNull(3)) is { } packed
        && GraphConstants.Dimensions(packed) is not { Length: > 0 };

    private OpenedValues Open(GraphEditor editor)
    {
        var projections = _isPacked ? Multiplied() : Given();
        var query = _attention.SplitHeads(projections[0], _heads);
        var key = WithPast(_attention.SplitHeads(projections[1], _heads), 0);
        var value = WithPast(_attention.SplitHeads(projections[2], _heads), 1);
        var scores = _attention.Scores(
            query,
            key,
            _node.FindAttribute("scale") is { Float: not 0 and var scale } ? scale : null
        );
        if (_node.InputOrNull(BiasInput) is { } bias)
            scores = _ops.Add(scores, bias);
        var masked = Masked(scores);
        var probabilities = _attention.Softmax(masked);
        editor.Replace(_node.Output, _attention.JoinHeads(_attention.Mix(probabilities, value)));
        ReplaceCache(editor, key, value);
        if (!_isPacked)
            editor.ReplaceIfPresent(_node, 3, masked);
        return new OpenedValues { Probabilities = probabilities, Projections = projections };
    }

    // One product with the packed weights, then the three parts.
    private ImmutableArray<Value> Multiplied()
    {
        var all = _ops.Emit("MatMul", [_node.Inputs[0], _node.Inputs[1]]);
        if (_node.InputOrNull(2) is { } bias)
            all = _ops.Add(all, bias);
        return Parts(all, 2);
    }

    private ImmutableArray<Value> Given()
    {
        var given = ImmutableArray.Create(_node.Inputs[0]!, _node.Inputs[1]!, _node.Inputs[2]!);
        if (_node.InputOrNull(3) is not { } bias)
            return given;
        var biases = Parts(bias, 0);
        return [.. given.Select((value, part) => _ops.Add(value, biases[part]))];
    }

    private ImmutableArray<Value> Parts(Value packed, int axis)
    {
        var widths = _node.FindAttribute("qkv_hidden_sizes")?.Integers ?? Thirds();
        var (parts, start) = (ImmutableArray.CreateBuilder<Value>(), 0L);
        foreach (var width in widths)
        {
            parts.Add(_ops.Slice(packed, axis, start, start + width));
            start += width;
        }

        return parts.ToImmutable();
    }

    private ImmutableArray<long> Thirds()
    {
        var sizes = GraphConstants.Dimensions(_node.Inputs[_isPacked ? 1 : 3]!)!.Value;
        return [.. Enumerable.Repeat(sizes[^1] / 3, 3)];
    }

    // Attention keeps keys and values in one tensor, [2, batch, head, position, width]; MultiHeadAttention in two.
    private Value WithPast(Value value, int part)
    {
        var past =
            !_isPacked ? _node.InputOrNull(6 + part)
            : _node.InputOrNull(4) is { } both ? _ops.Gather(both, _ops.Scalar(part), 0)
            : null;
        return _attention.WithPast(value, past);
    }

    private void ReplaceCache(GraphEditor editor, Value key, Value value)
    {
        if (_isPacked && _node.OutputOrNull(1) is not null)
            editor.ReplaceIfPresent(_node, 1, _ops.Concat(0, _ops.Unsqueeze(key, 0), _ops.Unsqueeze(value, 0)));
        if (_isPacked)
            return;
        editor.ReplaceIfPresent(_node, 1, key);
        editor.ReplaceIfPresent(_node, 2, value);
    }

    private Value Masked(Value scores)
    {
        var masked = scores;
        if (_node.InputOrNull(_isPacked ? 3 : 4) is { } mask)
        {
            var hidden = _attention.Number(_node.FindAttribute("mask_filter_value")?.Float ?? DefaultMask);
            masked = _ops.Where(IsKept(mask, scores), scores, _ops.Add(scores, hidden));
        }

        return _node.FindAttribute("unidirectional") is { Integer: 1 }
            ? _ops.Where(IsPast(scores), masked, _attention.Lowest)
            : masked;
    }

    // A mask of the keys, [batch, key], or how many keys each example has, [batch].
    private Value IsKept(Value mask, Value scores)
    {
        var rank = new TypeInference().RankOf(mask);
        if (rank is 2 or 3)
        {
            var isKept = _ops.Emit("Greater", [_ops.Cast(mask, ElementType.Int64), _ops.Scalar(0)]);
            return rank == 2 ? _ops.Unsqueeze(isKept, 1, 2) : _ops.Unsqueeze(isKept, 1);
        }

        var keys = _attention.UpTo(_attention.Length(scores, 3));
        return _ops.Emit(
            "Less",
            [_ops.Unsqueeze(keys, 0, 1, 2), _ops.Unsqueeze(_ops.Cast(mask, ElementType.Int64), 1, 2, 3)]
        );
    }

    private Value IsPast(Value scores)
    {
        var (keys, queries) = (_attention.Length(scores, 3), _attention.Length(scores, 2));
        var columns = _ops.Unsqueeze(_attention.UpTo(keys), 0);
        var rows = _ops.Unsqueeze(_ops.Range(_ops.Sub(keys, queries), keys, _ops.Scalar(1)), 1);
        return _ops.Emit("LessOrEqual", [columns, rows]);
    }
}
