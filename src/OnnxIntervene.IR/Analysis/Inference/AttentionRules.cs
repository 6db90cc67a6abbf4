using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that compute attention as a whole, and what belongs to it.</summary>
internal static class AttentionRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(First(Like(0), Like(1)), Standard, "Attention");
        table.AddMicrosoft(Like(0), (node, output) => Packed(node, output, bias: 2, past: 4), "Attention");
        table.AddMicrosoft(Like(3, 4), (node, output) => Packed(node, output, bias: 2, past: 8), "QAttention");
        table.AddMicrosoft(Like(0), MultiHead, "MultiHeadAttention");
        table.AddMicrosoft(First(Like(0), Like(3, 0)), GroupQuery, "GroupQueryAttention");
        table.AddMicrosoft(Like(0), ElementwiseRules.LikeFirst, "RotaryEmbedding", "GemmaRotaryEmbedding");
    }

    // Queries, keys and values are [batch, head, position, head width], or have their heads side by side.
    private static TensorFacts Standard(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } query || node.Axes(2) is not { } value)
            return TensorFacts.Unknown;
        var isFlat = query.Length == 3;
        if (query.Length is not (3 or 4) || value.Length != query.Length)
            return TensorFacts.Unknown;
        var keyHeads = isFlat ? Attribute(node, "kv_num_heads") : value[1];
        var heads = isFlat ? Attribute(node, "q_num_heads") : query[1];
        if (output is 1 or 2)
            return Present(node, output, keyHeads, isFlat);
        var length = value[^2] + (node.Has(4) ? node.Axis(4, 2) : Quantity.Of(0));
        if (output == 3)
            return TensorFacts.Of(query[0], heads, query[^2], length);
        var headWidth = isFlat ? value[2].DividedBy(keyHeads) : value[3];
        return isFlat
            ? TensorFacts.Of(query[0], query[1], heads * headWidth)
            : TensorFacts.Of(query[0], heads, query[2], headWidth);
    }

    // The cache with this run's keys (1) or values (2) after it.
    private static TensorFacts Present(NodeFacts node, int output, Quantity keyHeads, bool isFlat)
    {
        var own = node.Axes(output);
        if (own is null)
            return TensorFacts.OfRank(4);
        var past = node.Has(3 + output) ? node.Axis(3 + output, 2) : Quantity.Of(0);
        var headWidth = isFlat ? own[^1].DividedBy(keyHeads) : own[^1];
        return TensorFacts.Of(own[0], keyHeads, own[^2] + past, headWidth);
    }

    // The operator multiplies with packed weights of queries, keys and values itself.
    private static TensorFacts Packed(NodeFacts node, int output, int bias, int past)
    {
        if (node.Axes(0) is not [var batch, var length, _])
            return TensorFacts.OfRank(output == 0 ? 3 : 5);
        var widths = node.Integers("qkv_hidden_sizes");
        var all = node.Axis(1, 1).IsKnown ? node.Axis(1, 1) : node.Axis(bias, 0);
        var width = widths is { Length: 3 } given ? Quantity.Of(given[2]) : all.DividedBy(Quantity.Of(3));
        if (output == 0)
            return TensorFacts.Of(batch, length, width);
        if (output > 1 || node.Integer("past_present_share_buffer", 0) != 0)
            return TensorFacts.Unknown;
        var heads = Attribute(node, "num_heads");
        var before = node.Has(past) ? node.Axis(past, 3) : Quantity.Of(0);
        return TensorFacts.Of(Quantity.Of(2), batch, heads, length + before, width.DividedBy(heads));
    }

    private static TensorFacts MultiHead(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { Length: >= 3 } query)
            return output == 0 ? TensorFacts.OfRank(3) : TensorFacts.OfRank(4);
        var heads = Attribute(node, "num_heads");
        if (output > 2)
            return TensorFacts.OfRank(4);
        if (output > 0)
            return MultiHeadCache(node, output, heads);
        var headWidth = Width(node, heads);
        return TensorFacts.Of(query[0], query.Length == 4 ? query[2] : query[1], heads * headWidth);
    }

    // For values that are alone, or packed with the keys, or with keys and queries.
    private static Quantity Width(NodeFacts node, Quantity heads) =>
        node.Has(2) ? (node.Axes(2) is [_, _, var flat] ? flat.DividedBy(heads) : node.Axis(2, -1))
        : node.Axes(0) is [_, _, var query] ? query.DividedBy(heads)
        : node.Axis(0, -1);

    private static TensorFacts MultiHeadCache(NodeFacts node, int output, Quantity heads)
    {
        var input = node.Has(output) ? output : 0;
        var past = node.Has(5 + output) ? node.Axis(5 + output, 2) : Quantity.Of(0);
        return node.Axes(input) switch
        {
            [var batch, var length, var width] => TensorFacts.Of(batch, heads, length + past, width.DividedBy(heads)),
            [var batch, var own, var length, var headWidth] => TensorFacts.Of(batch, own, length, headWidth),
            _ => TensorFacts.OfRank(4),
        };
    }

    private static TensorFacts GroupQuery(NodeFacts node, int output)
    {
        var (heads, keyHeads) = (Attribute(node, "num_heads"), Attribute(node, "kv_num_heads"));
        if (node.Axes(0) is not [var batch, var length, var width])
            return TensorFacts.OfRank(output == 0 ? 3 : 4);
        // Keys and values may be after the queries in one tensor.
        var headWidth = width.DividedBy(node.Has(1) ? heads : heads + keyHeads + keyHeads);
        return output switch
        {
            0 => TensorFacts.Of(batch, length, heads * headWidth),
            1 or 2 => TensorFacts.Of(batch, keyHeads, CacheLength(node), headWidth),
            _ => TensorFacts.OfRank(4),
        };
    }

    // The present cache is as long as all tokens so far, or as the buffer that was given.
    private static Quantity CacheLength(NodeFacts node)
    {
        var past = node.Has(3) ? node.Axis(3, 2) : Quantity.Of(0);
        var total = node.Single(6);
        return (past.Number, total.Number) is ({ } before, { } all) ? Quantity.Of(Math.Max(before, all))
            : past.Number == 0 ? total
            : Quantity.Unknown;
    }

    private static Quantity Attribute(NodeFacts node, string name) =>
        node.Integer(name, 0) is > 0 and var number ? Quantity.Of(number) : Quantity.Unknown;
}
