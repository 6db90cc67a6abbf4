namespace OnnxIntervene.Studies.Lens;

/// <summary>Whether vectors sum to another.</summary>
internal static class StreamSum
{
    /// <summary>The length of what is left over, in shares of the whole.</summary>
    public static double Distance(IReadOnlyList<ReadOnlyMemory<float>> parts, ReadOnlySpan<float> whole)
    {
        var (rest, length) = (0.0, 0.0);
        for (var index = 0; index < whole.Length; index++)
        {
            var sum = 0.0;
            foreach (var part in parts)
                sum += part.Span[index];
            rest += (sum - whole[index]) * (sum - whole[index]);
            length += (double)whole[index] * whole[index];
        }

        return rest == 0 ? 0 : Math.Sqrt(rest / length);
    }

    /// <inheritdoc cref="Distance(IReadOnlyList{ReadOnlyMemory{float}}, ReadOnlySpan{float})"/>
    public static double Distance(float[][] parts, ReadOnlySpan<float> whole) =>
        Distance([.. parts.Select(part => (ReadOnlyMemory<float>)part)], whole);
}
