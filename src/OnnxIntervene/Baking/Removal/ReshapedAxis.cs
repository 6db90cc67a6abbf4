namespace OnnxIntervene.Baking.Removal;

/// <summary>Where a marked axis is on the other side of a Reshape.</summary>
internal static class ReshapedAxis
{
    /// <summary>
    /// The axis on the other side, split, merged or as it was; null where the entries cannot be told there, or parts of
    /// them would stay.
    /// </summary>
    /// <param name="mark">The axis on one side.</param>
    /// <param name="from">The sizes of this side; null for those that are not known.</param>
    /// <param name="to">The sizes of the other.</param>
    public static AxisMark? Find(AxisMark mark, long?[] from, long?[] to)
    {
        var common = CommonEnd(mark, from, to);
        if (RightOf(mark.Axis, from, from.Length - common) is not { } right)
            return null;
        long product = 1;
        for (var axis = to.Length - common - 1; axis >= 0; axis--)
        {
            if (At(mark, axis, to[axis], right, product) is { } found)
                return found;
            if (to[axis] is not { } size)
                return null;
            product *= size;
        }

        return null;
    }

    // An axis covers the marked one, or a part of it, when what is right of both has the same number of elements, or
    // one is a multiple of the other.
    private static AxisMark? At(AxisMark mark, int axis, long? size, long right, long product)
    {
        var moved = mark.At(axis) with { Repeats = size is null };
        AxisMark? found = null;
        if (product <= right && right % product == 0)
            found = moved.Widened((int)(right / product));
        else if (product > right && product % right == 0 && mark.Size % (product / right) == 0)
            found = moved.Narrowed((int)(product / right));
        return found is not null && (size is null || size == found.Size) ? found : null;
    }

    // Axes at the end that both sides have alike, positions among them, whose number is not known.
    private static int CommonEnd(AxisMark mark, long?[] from, long?[] to)
    {
        var common = 0;
        while (
            common < Math.Min(from.Length, to.Length)
            && from.Length - 1 - common > mark.Axis
            && from[^(common + 1)] == to[^(common + 1)]
        )
            common++;
        return common;
    }

    private static long? RightOf(int axis, long?[] sizes, int end)
    {
        long product = 1;
        for (var index = axis + 1; index < end; index++)
        {
            if (sizes[index] is not > 0)
                return null;
            product *= sizes[index]!.Value;
        }

        return product;
    }
}
