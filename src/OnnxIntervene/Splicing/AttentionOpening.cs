using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Opens ONNX Runtime's Attention and MultiHeadAttention into the operators that they fuse, so that projections and probabilities can be
/// reached (ONNX Runtime, docs/ContribOperators.md). Caches and rotation inside the operator are refused.
/// </summary>
internal sealed class AttentionOpening
{
    private const float DefaultMask = -10000;

    private readonly Node _node;
    private readonly OpBuilder _ops;
    private readonly int _heads;
    private readonly bool _isPacked;

    private AttentionOpening(GraphEditor editor, Node node)
    {
        _node = node;
        _ops = editor.Builder($"{node.Name}/opened", node.Graph);
        _heads = FusedOperators.Heads(node, 0);
        _isPacked = FusedOperators.IsPackedAttention(node);
    }

    /// <summary>Replaces the node.</summary>
    /// <exception cref="InterventionException">The operator uses a setting that the opened form does not have.</exception>
    public static OpenedAttention Open(GraphEditor editor, Node node)
    {
        Check(node);
        return new AttentionOpening(editor, node).Open(editor);
    }

    private static void Check(Node node)
    {
        if (!FusedOperators.IsPackedAttention(node) && !FusedOperators.IsMultiHeadAttention(node))
            throw Refusal(node, "is of a kind that is not opened");
        if (node.FindAttribute("do_rotary") is { Integer: not 0 })
            throw Refusal(node, "rotates inside");
        var first = FusedOperators.IsPackedAttention(node) ? 4 : 6;
        if (Enumerable.Range(first, 10).Any(index => index != BiasInput(node) && node.InputOrNull(index) is not null))
            throw Refusal(node, "holds a cache");
        if (!FusedOperators.IsPackedAttention(node) && (node.InputOrNull(1) is null || node.InputOrNull(2) is null))
            throw Refusal(node, "takes packed queries, keys and values");
        if (Enumerable.Range(1, 4).Any(index => node.OutputOrNull(index) is not null))
            throw Refusal(node, "gives more than one output");
    }

    private static int BiasInput(Node node) => 5;

    private static InterventionException Refusal(Node node, string reason) =>
        new($"{node} {reason}, so that what lies inside cannot be reached.");

    private OpenedAttention Open(GraphEditor editor)
    {
        var projections = _isPacked ? Multiplied() : Given();
        var (query, key, value) = (SplitHeads(projections[0]), SplitHeads(projections[1]), SplitHeads(projections[2]));
        var scores = _ops.Mul(_ops.Emit("MatMul", [query, _ops.Transpose(key, 0, 1, 3, 2)]), Scale(query));
        if (_node.InputOrNull(BiasInput(_node)) is { } bias)
            scores = _ops.Add(scores, bias);
        var probabilities = _ops.Emit("Softmax", [Masked(scores)], [NodeAttribute.Of("axis", -1L)]);
        var mixed = _ops.Emit("MatMul", [probabilities, value]);
        editor.Replace(_node.Output, _ops.Reshape(_ops.Transpose(mixed, 0, 2, 1, 3), 0, 0, -1));
        _node.Graph!.Remove(_node);
        return new OpenedAttention(probabilities, projections);
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
        var weights = _node.InputOrNull(_isPacked ? 1 : 3) is { } value ? GraphConstants.Dimensions(value) : null;
        return weights is { Length: > 0 } sizes
            ? [.. Enumerable.Repeat(sizes[^1] / 3, 3)]
            : throw Refusal(_node, "has weights of unknown size");
    }

    private Value SplitHeads(Value value) => _ops.Transpose(_ops.Reshape(value, 0, 0, _heads, -1), 0, 2, 1, 3);

    private Value Scale(Value query)
    {
        if (_node.FindAttribute("scale") is { Float: not 0 } scale)
            return Number(scale.Float);
        var width = _ops.Cast(_ops.Gather(_ops.ShapeOf(query), _ops.Scalar(3), 0), ElementType.Float32);
        return _ops.Emit("Reciprocal", [_ops.Emit("Sqrt", [width])]);
    }

    private Value Masked(Value scores)
    {
        var masked = scores;
        if (_node.InputOrNull(_isPacked ? 3 : 4) is { } mask)
            masked = _ops.Where(IsKept(mask, scores), scores, _ops.Add(scores, Number(_node.FindAttribute("mask_filter_value")?.Float ?? DefaultMask)));
        return _node.FindAttribute("unidirectional") is { Integer: 1 } ? _ops.Where(IsPast(scores), masked, Number(float.NegativeInfinity)) : masked;
    }

    // A mask of the keys, [batch, key], or how many keys each example has, [batch].
    private Value IsKept(Value mask, Value scores)
    {
        var rank = new Ranks().Of(mask);
        if (rank == 2)
            return _ops.Unsqueeze(_ops.Emit("Greater", [_ops.Cast(mask, ElementType.Int64), _ops.Scalar(0)]), 1, 2);
        if (rank != 1)
            throw Refusal(_node, rank == Ranks.Unknown ? "has a mask of unknown shape" : $"has a mask of {rank} axes");
        if (mask.Producer is { Operator.OperatorType: "Concat" })
            throw Refusal(_node, "is told where tokens start, too");
        var keys = _ops.Range(_ops.Scalar(0), Length(scores, 3), _ops.Scalar(1));
        return _ops.Emit("Less", [_ops.Unsqueeze(keys, 0, 1, 2), _ops.Unsqueeze(_ops.Cast(mask, ElementType.Int64), 1, 2, 3)]);
    }

    private Value IsPast(Value scores)
    {
        var (keys, queries) = (Length(scores, 3), Length(scores, 2));
        var columns = _ops.Unsqueeze(_ops.Range(_ops.Scalar(0), keys, _ops.Scalar(1)), 0);
        var rows = _ops.Unsqueeze(_ops.Range(_ops.Sub(keys, queries), keys, _ops.Scalar(1)), 1);
        return _ops.Emit("LessOrEqual", [columns, rows]);
    }

    private Value Length(Value tensor, long axis) => _ops.Gather(_ops.ShapeOf(tensor), _ops.Scalar(axis), 0);

    private Value Number(float number) =>
        _ops.Graph.AddInitializer(_ops.Names.Unique($"{_node.Name}/opened/number"), TensorData.FromFloats([], [number]));
}
