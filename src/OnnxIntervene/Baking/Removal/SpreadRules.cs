using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Removal;

/// <summary>For each operator: which axes of its inputs and outputs hold the same entries.</summary>
internal static class SpreadRules
{
    private static readonly HashSet<string> s_elementwise =
    [
        .. "Add Sub Mul Div Pow Where Sigmoid Tanh Erf Relu Gelu QuickGelu FastGelu BiasGelu Sqrt Neg Cast".Split(' '),
        .. "Identity Dropout IsNaN IsInf Clip Exp Log Min Max Not And Or Reciprocal Abs Softplus Swish".Split(' '),
        .. "LeakyRelu Elu HardSigmoid HardSwish Mish Round Floor Sin Cos Less Greater Equal LessOrEqual".Split(' '),
        .. "GreaterOrEqual QuantizeLinear DequantizeLinear Sign Ceil Sum".Split(' '),
    ];

    /// <summary>Takes what is known of one value of a node to its others.</summary>
    /// <exception cref="InterventionException">The operator has no rule, or mixes the entries.</exception>
    public static void Spread(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var kind = node.Operator.OperatorType;
        if (s_elementwise.Contains(kind) || kind == "Expand")
            Broadcast(plan, node, value, mark);
        else if (kind == "DynamicQuantizeLinear")
            Rounded(plan, node, mark);
        else if (kind == "Transpose")
            Transposed(plan, node, value, mark);
        else if (kind == "Reshape")
            Reshaped(plan, node, value, mark);
        else if (kind is "Unsqueeze" or "Squeeze")
            Squeezed(plan, node, value, mark);
        else if (kind is "MatMul" or "FusedMatMul")
            Multiplied(plan, node, value, mark);
        else if (kind is "Concat" or "Slice" or "Split" or "Gather")
            Along(plan, node, value, mark);
        else if (FusedRules.Spread(plan, node, value, mark))
            return;
        else
            Normalized(plan, node, value, mark);
    }

    /// <summary>Whether a node splits a value along the marked axis, into queries, keys and values.</summary>
    public static bool IsSplitOf(Node node, Value value, int? input, AxisMark mark) =>
        node.Operator.OperatorType == "Split"
        && input is null
        && node.Outputs.Contains(value)
        && (AxisOf(node) == mark.Axis || AxisOf(node) < 0);

    /// <summary>What stays of a value that is split, from what stays of its parts.</summary>
    public static void JoinParts(RemovalPlan plan, Node split)
    {
        var marks = split.Outputs.Select(plan.MarkOf).ToList();
        var mark = marks.OfType<AxisMark>().First();
        var rank = plan.Types.RankOf(split.Inputs[0]!) ?? 0;
        if (FromStart(AxisOf(split), rank) != mark.Axis)
        {
            foreach (var other in split.Outputs.Append(split.Inputs[0]).OfType<Value>())
                plan.Mark(other, mark);
            return;
        }

        var (kept, start) = (new List<int>(), 0);
        for (var part = 0; part < marks.Count; part++)
        {
            var size =
                marks[part]?.Size
                ?? (int?)plan.SizesOf(split.Outputs[part]!)?[mark.Axis]
                ?? throw plan.Refusal($"the sizes of the parts of {split} are not known");
            kept.AddRange((marks[part]?.Kept ?? [.. Enumerable.Range(0, size)]).Select(entry => start + entry));
            start += size;
        }

        plan.MarkInput(split, 0, new AxisMark(mark.Axis, start, [.. kept]));
    }

    /// <summary>An axis that may be counted from the end.</summary>
    public static int FromStart(int axis, int rank) => axis < 0 ? axis + rank : axis;

    /// <summary>The axis that a node splits, joins or chooses along, as its attribute has it.</summary>
    public static int AxisOf(Node node) => (int)(node.FindAttribute("axis")?.Integer ?? 0);

    // Axes are aligned from the last; an axis of one entry is for all entries.
    private static void Broadcast(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var last = node.Operator.OperatorType == "Expand" ? 1 : node.Inputs.Count;
        var fromRight = (plan.Types.RankOf(value) ?? throw Unknown(plan, value)) - mark.Axis;
        for (var input = 0; input < last; input++)
        {
            if (
                node.Inputs[input] is { } other
                && plan.SizesOf(other) is { } sizes
                && sizes.Length >= fromRight
                && (other == value || sizes[^fromRight] == mark.Size || (mark.Repeats && sizes[^fromRight] is null))
            )
                plan.MarkInput(node, input, mark.At(sizes.Length - fromRight));
        }

        foreach (var output in node.Outputs.OfType<Value>().Where(output => output.Uses.Count > 0 || output == value))
            plan.Mark(output, mark.At((plan.Types.RankOf(output) ?? throw Unknown(plan, output)) - fromRight));
    }

    // The scale and the zero point are of the whole tensor. What goes is zero, which is within any range.
    private static void Rounded(RemovalPlan plan, Node node, AxisMark mark)
    {
        plan.MarkInput(node, 0, mark);
        plan.Mark(node.Outputs[0]!, mark);
    }

    private static void Transposed(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var rank = plan.Types.RankOf(value) ?? throw Unknown(plan, value);
        var order =
            node.FindAttribute("perm")?.Integers.Select(axis => (int)axis).ToArray()
            ?? [.. Enumerable.Range(0, rank).Reverse()];
        if (value == node.Output)
            plan.MarkInput(node, 0, mark.At(order[mark.Axis]));
        else
            plan.Mark(node.Output, mark.At(Array.IndexOf(order, mark.Axis)));
    }

    private static void Reshaped(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var (input, output) = (node.Inputs[0]!, node.Output);
        if (value != input && value != output)
            throw plan.Refusal($"{node} reads it as a shape");
        var other = value == input ? output : input;
        if (plan.SizesOf(value) is not { } from || plan.SizesOf(other) is not { } to)
            throw Unknown(plan, other);
        var found =
            ReshapedAxis.Find(mark, from, to)
            ?? throw plan.Refusal(
                $"{node} arranges it anew, and where its entries come to is not known, or parts of "
                    + "what belongs together would stay (heads that share keys and values go together)"
            );
        if (other == output)
            plan.Mark(output, found);
        else
            plan.MarkInput(node, 0, found);
    }

    private static void Squeezed(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var isLonger = node.Operator.OperatorType == "Unsqueeze";
        var longer = isLonger ? node.Output : node.Inputs[0]!;
        var rank = plan.Types.RankOf(longer) ?? throw Unknown(plan, longer);
        var added = GivenAxes(plan, node, 1).Select(axis => FromStart(axis, rank)).ToHashSet();
        var kept = Enumerable.Range(0, rank).Where(axis => !added.Contains(axis)).ToList();
        var shorter = value == longer ? kept.IndexOf(mark.Axis) : mark.Axis;
        if (shorter < 0)
            throw plan.Refusal($"{node} removes its axis");
        if (value == longer)
            SetShort(mark.At(shorter));
        else
            SetLong(mark.At(kept[shorter]));

        void SetShort(AxisMark found)
        {
            if (isLonger)
                plan.MarkInput(node, 0, found);
            else
                plan.Mark(node.Output, found);
        }

        void SetLong(AxisMark found)
        {
            if (isLonger)
                plan.Mark(node.Output, found);
            else
                plan.MarkInput(node, 0, found);
        }
    }

    // Rows of the left, columns of the right, and what matrices are stacked along; not what is summed over.
    private static void Multiplied(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var (left, right) = (node.Inputs[0]!, node.Inputs[1]!);
        if (plan.Types.RankOf(left) is not { } first || plan.Types.RankOf(right) is not { } second)
            throw Unknown(plan, value);
        var rank = Math.Max(first, second);
        var fromRight =
            (
                value == left ? first
                : value == right ? second
                : rank
            ) - mark.Axis;
        if (fromRight > 2)
        {
            for (var input = 0; input < 2; input++)
            {
                var sizes = plan.SizesOf(node.Inputs[input]!)!;
                if (sizes.Length >= fromRight && sizes[^fromRight] != 1)
                    plan.MarkInput(node, input, mark.At(sizes.Length - fromRight));
            }

            plan.Mark(node.Output, mark.At(rank - fromRight));
            return;
        }

        if ((value == left && fromRight == 1) || (value == right && fromRight == 2))
            throw plan.Refusal($"{node} sums over it");
        if (value != node.Output)
            plan.Mark(node.Output, mark.At(rank - fromRight));
        else if (fromRight == 2)
            plan.MarkInput(node, 0, mark.At(first - 2));
        else
            plan.MarkInput(node, 1, mark.At(second - 1));
    }

    private static void Along(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var rank = plan.Types.RankOf(value) ?? throw Unknown(plan, value);
        foreach (var axis in AxesOf(plan, node))
        {
            if (FromStart(axis, rank) == mark.Axis)
                throw plan.Refusal($"{node} cuts or joins it along the axis of what goes");
        }

        if (node.Operator.OperatorType == "Gather" && plan.Types.RankOf(node.Inputs[1]!) is not 1)
            throw plan.Refusal($"{node} chooses among its entries");
        var inputs = node.Operator.OperatorType == "Concat" ? node.Inputs.Count : 1;
        for (var input = 0; input < inputs; input++)
            plan.MarkInput(node, input, mark);
        foreach (var output in node.Outputs.OfType<Value>())
            plan.Mark(output, mark);
    }

    private static IEnumerable<int> AxesOf(RemovalPlan plan, Node node)
    {
        if (node.Operator.OperatorType != "Slice")
            return [AxisOf(node)];
        return node.FindAttribute("axes") is null && node.InputOrNull(3) is null
            ? Enumerable.Range(0, GraphConstants.Integers(node.Inputs[1]!)?.Length ?? 1)
            : GivenAxes(plan, node, 3);
    }

    // An attribute in old operator sets, an input in later ones.
    private static int[] GivenAxes(RemovalPlan plan, Node node, int input)
    {
        var axes =
            node.FindAttribute("axes")?.Integers.Select(axis => (long?)axis).ToImmutableArray()
            ?? (node.InputOrNull(input) is { } given ? GraphConstants.Integers(given) : null);
        return axes is { } known && known.All(axis => axis is not null)
            ? [.. known.Select(axis => (int)axis!.Value)]
            : throw plan.Refusal($"the axes of {node} are not known");
    }

    // Norms and softmax go over the last axes, or over named ones.
    private static void Normalized(RemovalPlan plan, Node node, Value value, AxisMark mark)
    {
        var rank = plan.Types.RankOf(value) ?? throw Unknown(plan, value);
        var over = node.Operator.OperatorType switch
        {
            "Softmax" or "LogSoftmax" or "LayerNormalization" or "SimplifiedLayerNormalization" or "RMSNormalization" =>
                [(int)(node.FindAttribute("axis")?.Integer ?? -1)],
            "ReduceMean" or "ReduceSum" or "ReduceMax" or "ReduceL2" when IsKept(node) => GivenAxes(plan, node, 1),
            _ => throw plan.Refusal($"how {node} mixes what goes with what stays is not known"),
        };
        var isOne = node.Operator.OperatorType.EndsWith("Normalization", StringComparison.Ordinal);
        foreach (var axis in over.Select(axis => FromStart(axis, rank)))
        {
            if (isOne ? mark.Axis >= axis : mark.Axis == axis)
                throw plan.Refusal($"{node} goes over what goes and what stays together");
        }

        plan.MarkInput(node, 0, mark);
        plan.Mark(node.Output, mark);
    }

    private static bool IsKept(Node node) => node.FindAttribute("keepdims") is null or { Integer: 1 };

    private static InterventionException Unknown(RemovalPlan plan, Value value) =>
        plan.Refusal($"the shape of '{value.Name}' is not known");
}
