namespace OnnxIntervene.IR;

/// <summary>The one place where sizes are multiplied: without overflow, and before memory is taken.</summary>
internal static class SizeProduct
{
    /// <summary>
    /// How many elements an array of these sizes has; 1 for none. Null when a size is negative, or the product of
    /// those that are not 0 is beyond 64 bits.
    /// </summary>
    public static long? Of(ReadOnlySpan<long> sizes)
    {
        Int128 product = 1;
        var isEmpty = false;
        foreach (var size in sizes)
        {
            if (size < 0)
                return null;
            isEmpty |= size == 0;
            product = Int128.Min(product * Math.Max(size, 1), long.MaxValue + (Int128)1);
        }

        // Sizes that cannot be multiplied stay impossible beside a zero: parts of them are multiplied later.
        return product > long.MaxValue ? null
            : isEmpty ? 0
            : (long)product;
    }

    /// <summary>The same times a number, such as the bytes of an element.</summary>
    public static long? Of(ReadOnlySpan<int> sizes, int factor = 1)
    {
        Span<long> all = [.. Widened(sizes), factor];
        return Of(all);
    }

    /// <summary>How many elements an array has that is about to be made.</summary>
    /// <param name="elementBytes">Bytes of an element, all copies that making it takes included.</param>
    /// <param name="what">What the array is, as a message begins: "The rotation".</param>
    /// <param name="sizes">Its sizes.</param>
    /// <exception cref="InterventionException">
    /// No array can be so long, or it takes more memory than the machine has.
    /// </exception>
    public static int ToMake(int elementBytes, string what, params ReadOnlySpan<int> sizes) =>
        ToMake(elementBytes, what, Widened(sizes));

    /// <inheritdoc cref="ToMake(int, string, ReadOnlySpan{int})"/>
    public static int ToMake(int elementBytes, string what, ReadOnlySpan<long> sizes)
    {
        var shape = $"[{string.Join(", ", sizes.ToArray())}]";
        if (Of(sizes) is not { } count || count > Array.MaxLength)
            throw new InterventionException(
                $"{what} {shape} has too many elements for an array; at most {Array.MaxLength} are possible."
            );
        if (count * elementBytes > AvailableBytes)
            throw new InterventionException(
                $"{what} {shape} takes {count * elementBytes} bytes, but the machine has {AvailableBytes}."
            );
        return (int)count;
    }

    /// <summary>A product that is a size itself, such as a width times units.</summary>
    /// <exception cref="InterventionException">It is more than 32 bits hold; the message has the sizes.</exception>
    public static int ToSize(string what, params ReadOnlySpan<int> sizes) =>
        Of(sizes) is { } product and <= int.MaxValue
            ? (int)product
            : throw new InterventionException(
                $"{what} is {string.Join(" × ", sizes.ToArray())}, which is more than {int.MaxValue}."
            );

    /// <summary>What this process may take, by the machine or by the limits of its container.</summary>
    public static long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static long[] Widened(ReadOnlySpan<int> sizes)
    {
        var wide = new long[sizes.Length];
        for (var axis = 0; axis < sizes.Length; axis++)
            wide[axis] = sizes[axis];
        return wide;
    }
}
