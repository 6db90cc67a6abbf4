namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>The shape that tensors broadcast to together, aligned at their last axes.</summary>
internal static class Broadcasting
{
    /// <summary>The common shape; null where a rank is unknown.</summary>
    public static Quantity[]? Of(params ReadOnlySpan<Quantity[]?> shapes)
    {
        Quantity[] all = [];
        foreach (var shape in shapes)
        {
            if (shape is null)
                return null;
            all = Pair(all, shape);
        }

        return all;
    }

    private static Quantity[] Pair(Quantity[] first, Quantity[] second)
    {
        var axes = new Quantity[Math.Max(first.Length, second.Length)];
        for (var fromEnd = 1; fromEnd <= axes.Length; fromEnd++)
            axes[^fromEnd] = Axis(At(first, fromEnd), At(second, fromEnd));
        return axes;
    }

    private static Quantity At(Quantity[] axes, int fromEnd) =>
        fromEnd <= axes.Length ? axes[^fromEnd] : Quantity.Of(1);

    /// <summary>An axis of size 1 broadcasts; another fixed size stays, since the two must fit.</summary>
    public static Quantity Axis(Quantity first, Quantity second) =>
        first.Number == 1 ? second
        : second.Number == 1 ? first
        : first.Number is not null ? first
        : second.Number is not null ? second
        : first.IsSame(second) ? first
        : Quantity.Unknown;
}
