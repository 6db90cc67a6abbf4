namespace OnnxIntervene.IR.Analysis;

/// <summary>The values of a file's named sizes in one run.</summary>
internal static class SymbolNumbers
{
    /// <summary>
    /// The number for each name that inputs have; none for a name on which two of them contradict each other, which
    /// ONNX Runtime accepts.
    /// </summary>
    public static IReadOnlyDictionary<string, long> Of(
        IReadOnlyList<Value> given,
        IReadOnlyDictionary<string, BoundInput> inputs
    ) =>
        given
            .SelectMany(input => Pairs(input, inputs[input.Name].Shape))
            .GroupBy(pair => pair.Name, pair => pair.Size, StringComparer.Ordinal)
            .Where(group => group.Distinct().Count() == 1)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);

    private static IEnumerable<(string Name, long Size)> Pairs(Value input, IReadOnlyList<long> sizes) =>
        input.Type?.Shape is { } shape && shape.Rank == sizes.Count
            ? shape
                .Dimensions.Zip(sizes)
                .Where(pair => pair.First is { Size: null, Symbol: { Length: > 0 } })
                .Select(pair => (pair.First.Symbol!, pair.Second))
            : [];
}
