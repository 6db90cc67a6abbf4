using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that slide a window over the axes after the first two.</summary>
internal static class ConvolutionRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(Like(0, 1), (node, _) => Convolved(node, 1), "Conv");
        table.Add(Always(ElementType.Int32), (node, _) => Convolved(node, 1), "ConvInteger");
        table.Add(Like(7), (node, _) => Convolved(node, 3), "QLinearConv");
        table.Add(Like(0, 1), Transposed, "ConvTranspose");
        table.Add(First(Like(0), Always(ElementType.Int64)), Pooled, "MaxPool");
        table.Add(Like(0), Pooled, "AveragePool", "LpPool");
        table.AddMicrosoft(Like(0, 1), (node, _) => Convolved(node, 1), "FusedConv");
    }

    private static TensorFacts Convolved(NodeFacts node, int weight)
    {
        if (node.Axes(0) is not { Length: > 2 } axes)
            return TensorFacts.Unknown;
        var kernel = Kernel(node, axes.Length - 2, weight);
        return TensorFacts.Of([axes[0], node.Axis(weight, 0), .. Slid(node, axes, kernel)]);
    }

    private static TensorFacts Pooled(NodeFacts node, int output) =>
        node.Axes(0) is { Length: > 2 } axes
            ? TensorFacts.Of([.. axes[..2], .. Slid(node, axes, Kernel(node, axes.Length - 2, null))])
            : TensorFacts.Unknown;

    // How the sizes come out depends on many settings, but the channels do not.
    private static TensorFacts Transposed(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { Length: > 2 } axes)
            return TensorFacts.Unknown;
        var channels = node.Axis(1, 1) * Quantity.Of(node.Integer("group", 1));
        return TensorFacts.Of([axes[0], channels, .. new Quantity[axes.Length - 2]]);
    }

    private static Quantity[] Kernel(NodeFacts node, int count, int? weight) =>
        node.Integers("kernel_shape") is { } given && given.Length == count ? [.. given.Select(Quantity.Of)]
        : weight is { } input && node.Axes(input) is { } axes && axes.Length == count + 2 ? axes[2..]
        : new Quantity[count];

    private static IEnumerable<Quantity> Slid(NodeFacts node, Quantity[] axes, Quantity[] kernel) =>
        kernel.Select((size, axis) => Slid(node, axes[axis + 2], size, axis, kernel.Length));

    private static Quantity Slid(NodeFacts node, Quantity size, Quantity kernel, int axis, int count)
    {
        var stride = At("strides", axis, 1);
        var reach = Quantity.Of(At("dilations", axis, 1)) * (kernel - Quantity.Of(1));
        var padding = node.Node.FindAttribute("auto_pad")?.Text ?? "NOTSET";
        if (padding.StartsWith("SAME", StringComparison.Ordinal))
            return Steps(size - Quantity.Of(1), stride, isCeiling: false);
        var pads = padding == "VALID" ? 0 : At("pads", axis, 0) + At("pads", axis + count, 0);
        var isCeiling = node.Integer("ceil_mode", 0) != 0;
        return Steps(size + Quantity.Of(pads - 1) - reach, stride, isCeiling);

        long At(string name, int place, long otherwise) =>
            node.Integers(name) is { } values && place < values.Length ? values[place] : otherwise;
    }

    // A window that would begin beyond the end is left out where counts are rounded up, which only the pads decide.
    private static Quantity Steps(Quantity room, long stride, bool isCeiling)
    {
        if (stride == 1)
            return room + Quantity.Of(1);
        if (room.Number is not { } number || number < 0 || stride < 1)
            return Quantity.Unknown;
        return isCeiling && number % stride != 0 ? Quantity.Unknown : Quantity.Of((number / stride) + 1);
    }
}
