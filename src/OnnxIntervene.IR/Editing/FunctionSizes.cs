namespace OnnxIntervene.IR.Editing;

/// <summary>
/// How many nodes functions have once those that they call are inlined too; counted without inlining any.
/// </summary>
internal sealed class FunctionSizes(IReadOnlyDictionary<(OperatorKey, string), LocalFunction> functions)
{
    private const int DeepestCall = 500;
    private readonly Dictionary<LocalFunction, long> _sizes = [];
    private readonly HashSet<LocalFunction> _open = [];

    /// <summary>The nodes of a graph once inlined, up to the largest countable number.</summary>
    /// <exception cref="ModelFormatException">Functions call each other in a cycle, or too deeply.</exception>
    public long Of(Graph graph) =>
        graph
            .AllNodes()
            .Aggregate(
                0L,
                (sum, node) =>
                    Math.Min(
                        int.MaxValue,
                        sum
                            + 1
                            + (
                                functions.TryGetValue((node.Operator, node.Overload), out var function)
                                    ? Of(function)
                                    : 0
                            )
                    )
            );

    private long Of(LocalFunction function)
    {
        if (_sizes.TryGetValue(function, out var known))
            return known;
        if (_open.Count == DeepestCall)
            throw new ModelFormatException($"Functions call each other {DeepestCall} deep, the {function} among them.");
        if (!_open.Add(function))
            throw new ModelFormatException($"The {function} calls itself.");
        var size = Of(function.Body);
        _open.Remove(function);
        _sizes.Add(function, size);
        return size;
    }
}
