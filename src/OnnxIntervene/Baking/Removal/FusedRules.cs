using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Removal;

/// <summary>The operators of ONNX Runtime that have the number of heads as an attribute.</summary>
internal static class FusedRules
{
    private const int GroupedPast = 3;
    private const int PlainBias = 3;
    private const int PlainPast = 6;
    private const int HeadSink = 11;

    /// <summary>Takes what is known to the node's other values; false where it is none of these operators.</summary>
    public static bool Spread(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        if (node.Operator is (OperatorKey.Microsoft, "RotaryEmbedding"))
        {
            plan.MarkInput(node, 0, mark);
            plan.Mark(node.Output, mark);
            return true;
        }

        var isGrouped = FusedOperators.IsGroupQueryAttention(node);
        if (!isGrouped && !FusedOperators.IsMultiHeadAttention(node) && !FusedOperators.IsPackedAttention(node))
            return false;
        // Everything follows from what stays of the output, which is where the removal begins.
        if (plan.MarkOf(node.OutputOrNull(0)) is { } output && value == node.Outputs[0])
            Attention(plan, node, output, isGrouped);
        else if (plan.MarkOf(node.OutputOrNull(0)) is null)
            throw plan.Refusal($"{node} reads it, and its own output stays whole");
        return true;
    }

    /// <summary>The attributes with the numbers of heads that stay.</summary>
    public static void Rewrite(RemovalPlan plan, Node node)
    {
        if (plan.MarkOf(node.OutputOrNull(0)) is not { } output)
            return;
        if (node.Operator is (OperatorKey.Microsoft, "RotaryEmbedding"))
        {
            if (node.FindAttribute("num_heads") is { Integer: > 0 } all)
                node.SetAttribute(NodeAttribute.Of("num_heads", all.Integer * output.Kept.Length / output.Size));
            return;
        }

        if (Heads(plan, node, output) is not { } heads)
            return;
        node.SetAttribute(NodeAttribute.Of("num_heads", (long)heads.Kept.Length));
        if (FusedOperators.IsGroupQueryAttention(node))
            node.SetAttribute(NodeAttribute.Of("kv_num_heads", (long)Groups(plan, node, heads).Kept.Length));
        else if (FusedOperators.IsPackedAttention(node))
        {
            long width = output.Kept.Length;
            node.SetAttribute(NodeAttribute.Of("qkv_hidden_sizes", ImmutableArray.Create(width, width, width)));
        }
    }

    private static void Attention(RemovalPlan plan, Node node, AxisMark output, bool isGrouped)
    {
        var heads = Heads(plan, node, output)!;
        var groups = isGrouped ? Groups(plan, node, heads) : heads;
        var width = output.Size / heads.Size;
        var (queries, keys) = (heads.Widened(width), groups.Widened(width));
        if (FusedOperators.IsPackedAttention(node))
        {
            PackedAttention(plan, node, queries);
            return;
        }

        if (node.InputOrNull(1) is null || (!isGrouped && plan.Types.RankOf(node.Inputs[0]!) != 3))
            plan.MarkInput(node, 0, Joined(plan, node, queries, keys));
        else
        {
            plan.MarkInput(node, 0, queries);
            plan.MarkInput(node, 1, keys);
            plan.MarkInput(node, 2, keys);
        }

        if (!isGrouped && node.InputOrNull(PlainBias) is not null)
            plan.MarkInput(node, PlainBias, Joined(plan, node, queries, keys).At(0));
        Caches(plan, node, groups.At(1), isGrouped ? GroupedPast : PlainPast);
    }

    private static AxisMark Joined(RemovalPlan plan, Node node, AxisMark queries, AxisMark keys)
    {
        if (plan.Types.RankOf(node.Inputs[0]!) is not 3)
            throw plan.Refusal($"{node} reads queries, keys and values packed head by head");
        var (first, second) = (queries.Size, queries.Size + keys.Size);
        return new AxisMark(
            2,
            second + keys.Size,
            [.. queries.Kept, .. keys.Kept.Select(entry => first + entry), .. keys.Kept.Select(entry => second + entry)]
        );
    }

    private static void Caches(RemovalPlan plan, Node node, AxisMark heads, int past)
    {
        for (var input = past; input < past + 2; input++)
        {
            if (node.InputOrNull(input) is not null)
                plan.MarkInput(node, input, heads);
        }

        for (var output = 1; output < Math.Min(3, node.Outputs.Count); output++)
        {
            if (node.Outputs[output] is { } present)
                plan.Mark(present, heads);
        }
    }

    // [width, 3 · heads · head width], a bias alike, and a cache [2, batch, heads, …].
    private static void PackedAttention(RemovalPlan plan, Node node, AxisMark queries)
    {
        if (node.FindAttribute("qkv_hidden_sizes") is not null)
            throw plan.Refusal($"{node} has widths of its own for queries, keys and values");
        if (node.InputOrNull(4) is not null || node.OutputOrNull(1) is { Uses.Count: > 0 })
            throw plan.Refusal($"{node} has a cache of queries and keys in one tensor");
        ImmutableArray<int> kept =
        [
            .. Enumerable.Range(0, 3).SelectMany(part => queries.Kept.Select(entry => (part * queries.Size) + entry)),
        ];
        plan.MarkInput(node, 1, new AxisMark(1, 3 * queries.Size, kept));
        if (node.InputOrNull(2) is not null)
            plan.MarkInput(node, 2, new AxisMark(0, 3 * queries.Size, kept));
    }

    private static AxisMark? Heads(RemovalPlan plan, Node node, AxisMark output)
    {
        var count = FusedOperators.Heads(node, 0);
        if (count == 0 || output.Size % count != 0)
            return null;
        if (node.InputOrNull(HeadSink) is not null)
            throw plan.Refusal($"{node} has numbers for each head besides queries, keys and values");
        return output.Narrowed(output.Size / count) ?? throw plan.Refusal($"a part of a head of {node} would stay");
    }

    // Every group of query heads shares a key and a value head; all groups that stay have as many of them.
    private static AxisMark Groups(RemovalPlan plan, Node node, AxisMark heads)
    {
        var count = FusedOperators.Heads(node, 1);
        var size = heads.Size / Math.Max(1, count);
        var groups = heads.Kept.GroupBy(head => head / size).ToList();
        if (groups.Select(group => group.Count()).Distinct().Count() > 1)
            throw plan.Refusal(
                $"{node} has {size} query heads for each key and value head; whole groups can go (heads "
                    + $"0 to {size - 1}, {size} to {(2 * size) - 1}, …), or as many heads of each group"
            );
        return new AxisMark(heads.Axis, count, [.. groups.Select(group => group.Key)]);
    }
}
