namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which inputs of a node carry the data that its output is computed from, and which nodes pass their data on as it is.
/// </summary>
internal static class Dataflow
{
    /// <summary>
    /// The most casts, identities and reshapes that are looked through. Exporters write a few one after the other; a
    /// chain without end would be walked again from each of its nodes.
    /// </summary>
    public const int LongestChain = 64;

    /// <summary>
    /// Whether the node outputs the numbers that it reads, in the same shape; rounded, where they are quantised and
    /// brought back at once.
    /// </summary>
    public static bool IsTransparent(Node node) => IsCopy(node) || IntegerProducts.IsRounding(node);

    /// <summary>Whether the node outputs the numbers that it reads, arranged in another way.</summary>
    public static bool IsArrangement(Node node) =>
        node.Operator.OperatorType is "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Flatten" or "Expand";

    /// <summary>What stands before casts and identities, as far back as exporters put them.</summary>
    public static Value Root(Value value)
    {
        for (var depth = 0; depth < LongestChain; depth++)
        {
            if (value.Producer is not { } producer || !IsCopy(producer))
                return value;
            if (producer.InputOrNull(0) is not { } input)
                return value;
            value = input;
        }

        return value;
    }

    /// <summary>
    /// The value before casts, identities and reshapes: two values with one root hold the same numbers in the same
    /// order.
    /// </summary>
    public static Value FlatRoot(Value value)
    {
        for (var depth = 0; depth < LongestChain; depth++)
        {
            if (value.Producer is not { } producer || !(IsTransparent(producer) || IsReshape(producer)))
                return value;
            if (producer.InputOrNull(0) is not { } input)
                return value;
            value = input;
        }

        return value;
    }

    /// <summary>
    /// Whether a value is another one's numbers, perhaps arranged in another way or multiplied by constants: what an
    /// addition adds to may be scaled first (DeepNorm).
    /// </summary>
    public static bool IsOrScales(Value value, Value root)
    {
        for (var depth = 0; depth < LongestChain; depth++)
        {
            value = FlatRoot(value);
            if (value == root)
                return true;
            if (value.Producer is not { } producer || ScaledInput(producer) is not { } scaled)
                return false;
            value = producer.Inputs[scaled]!;
        }

        return false;
    }

    /// <summary>Which input a node multiplies by a constant; null where it does something else.</summary>
    public static int? ScaledInput(Node node)
    {
        if (
            node.Operator.OperatorType is not ("Mul" or "Div")
            || node.InputOrNull(0) is not { } left
            || node.InputOrNull(1) is not { } right
        )
            return null;
        return GraphConstants.IsConstant(right) ? 0
            : node.Operator.OperatorType == "Mul" && GraphConstants.IsConstant(left) ? 1
            : null;
    }

    /// <summary>The inputs whose numbers go into the output; sizes, positions and conditions are left out.</summary>
    public static IEnumerable<Value> DataInputs(Node node)
    {
        if (IntegerProducts.DataOf(node) is { } data)
        {
            foreach (var input in data)
                yield return input;
            yield break;
        }

        var (first, end) = node.Operator.OperatorType switch
        {
            "Shape" or "Size" or "ConstantOfShape" or "Range" => (0, 0),
            "Reshape"
            or "Slice"
            or "Expand"
            or "Unsqueeze"
            or "Squeeze"
            or "Transpose"
            or "Split"
            or "Tile"
            or "Pad"
            or "Gather"
            or "Flatten"
            or "RotaryEmbedding" => (0, 1),
            "Where" => (1, int.MaxValue),
            _ => (0, int.MaxValue),
        };
        for (var index = first; index < end && index < node.Inputs.Count; index++)
        {
            if (node.Inputs[index] is { } input && !GraphConstants.IsConstant(input))
                yield return input;
        }
    }

    /// <summary>
    /// Every tensor whose numbers values are computed from, as far as some others, which are told too. O(nodes).
    /// </summary>
    public static IEnumerable<Value> Before(IEnumerable<Value> values, IReadOnlySet<Value> until)
    {
        var (seen, open) = (new HashSet<Value>(), new Stack<Value>(values));
        while (open.TryPop(out var value))
        {
            if (until.Contains(value) || value.Producer is not { } producer)
                continue;
            foreach (var input in DataInputs(producer).Where(seen.Add))
            {
                yield return input;
                open.Push(input);
            }
        }
    }

    /// <summary>Every tensor whose numbers are computed from others'. O(nodes).</summary>
    public static HashSet<Value> ComputedFrom(IEnumerable<Value> values)
    {
        var computed = new HashSet<Value>();
        var open = new Stack<Value>(values);
        while (open.TryPop(out var value))
        {
            foreach (var node in value.Uses.Select(use => use.Node))
            {
                if (!DataInputs(node).Contains(value))
                    continue;
                foreach (var output in node.Outputs.OfType<Value>().Where(computed.Add))
                    open.Push(output);
            }
        }

        return computed;
    }

    private static bool IsCopy(Node node) => node.Operator.OperatorType is "Cast" or "Identity" or "Dropout";

    private static bool IsReshape(Node node) => node.Operator.OperatorType == "Reshape";
}
