using System.Collections.Immutable;

namespace OnnxIntervene.Runtime;

/// <summary>
/// The last token of each example that the attention mask keeps; the last position where there is none.
/// </summary>
internal static class LastTokens
{
    /// <summary>A position for each example, counted among the tokens that are given.</summary>
    public static ImmutableArray<int> Of(ModelInputs inputs)
    {
        var (batch, length) = (inputs.BatchSize, inputs.Length);
        return [.. Enumerable.Range(0, batch).Select(row => Last(inputs, row, length))];
    }

    // With a cache, the mask begins with what the cache holds.
    private static int Last(ModelInputs inputs, int row, int length)
    {
        if (
            !inputs.Arrays.TryGetValue(InputFiller.Mask, out var mask)
            || mask.Shape is not [var rows, var marks]
            || row >= rows
            || marks < length
        )
            return length - 1;
        var start = (row * marks) + marks - length;
        var last = mask.IsInteger
            ? mask.Integers.Slice(start, length).LastIndexOfAnyExcept(0)
            : mask.Floats.Slice(start, length).LastIndexOfAnyExcept(0);
        return last < 0 ? length - 1 : last;
    }
}
