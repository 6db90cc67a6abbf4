namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// What a graph's tables leave room for: how many token ids there are, and how many positions. Found in the graph
/// alone; a model that computes its positions without a table has no limit of its own.
/// </summary>
/// <param name="Vocabulary">How many rows the table of token embeddings has; null when it is not found.</param>
/// <param name="Context">
/// How many positions the smallest table of positions has room for, counted from 0; null when there is none.
/// </param>
internal sealed record InputLimits(long? Vocabulary, long? Context)
{
    /// <summary>
    /// How many ids, from 0, every other input of integers that chooses rows of a table has, by its name: a decoder's
    /// token ids, token types.
    /// </summary>
    public IReadOnlyDictionary<string, long> Ids { get; private init; } = new Dictionary<string, long>();

    /// <summary>The name of the input that holds token ids.</summary>
    public const string TokenInput = "input_ids";

    private const int MostCounted = 1 << 20;

    /// <summary>Walks from inputs and counted positions to the tables that they choose rows of. O(nodes).</summary>
    public static InputLimits Of(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var tokens = graph.Inputs.Where(input => input.Name == TokenInput);
        return new InputLimits(
            Smallest(tokens.SelectMany(value => Tables(value, 0, isPosition: false))),
            Smallest(
                Positions(graph)
                    .SelectMany(start => Tables(start.Value, start.First, isPosition: true))
                    .Concat(Caches(graph))
            )
        )
        {
            Ids = OtherIds(graph),
        };
    }

    private static Dictionary<string, long> OtherIds(Graph graph)
    {
        var ids = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var input in graph.Inputs)
        {
            if (
                input is { IsConstant: false, Type.ElementType: ElementType.Int64 or ElementType.Int32 }
                && input.Name is not (TokenInput or PositionInput.Name)
                && Smallest(Tables(input, 0, isPosition: false)) is { } limit
            )
                ids[input.Name] = limit;
        }

        return ids;
    }

    // The input of positions, or what exporters count in its place: a range, a stored row of numbers that is cut to the
    // length, or a running sum of the mask, which begins at 1.
    private static IEnumerable<(Value Value, long First)> Positions(Graph graph)
    {
        foreach (var input in graph.Inputs.Where(input => input.Name == PositionInput.Name))
            yield return (input, 0);
        foreach (var row in graph.Initializers.Where(IsCounted))
            yield return (row, 0);
        foreach (var node in graph.Nodes.Where(node => node.Outputs.Count == 1))
        {
            if (node.Operator is ("", "Range") || (node.Operator is ("", "Constant") && IsCounted(node.Output)))
                yield return (node.Output, 0);
            else if (node.Operator is ("", "CumSum"))
                yield return (node.Output, 1);
        }
    }

    // 0, 1, 2 …: a table of positions as old exporters have it, [1, positions] or [positions].
    private static bool IsCounted(Value value) =>
        ContentOf(value) is { ElementType: ElementType.Int64 or ElementType.Int32, Count: > 1 and <= MostCounted } data
        && data.ReadIntegers().Select((number, index) => number == index).All(isNext => isNext);

    private static TensorData? ContentOf(Value value) =>
        value.Initializer
        ?? (
            value.Producer?.FindAttribute("value") is { Kind: AttributeKind.Tensor } attribute ? attribute.Tensor : null
        );

    private static long? Smallest(IEnumerable<long> limits) =>
        limits.Select(limit => (long?)limit).Where(limit => limit > 0).Min();

    // Values that are the same numbers, perhaps in another shape or moved by a constant, and the tables they index.
    private static IEnumerable<long> Tables(Value start, long first, bool isPosition)
    {
        var seen = new HashSet<Value> { start };
        var queue = new Queue<(Value Value, long Offset)>([(start, first)]);
        while (queue.TryDequeue(out var item))
        {
            foreach (var use in item.Value.Uses)
            {
                // A row of numbers may choose rows of a weight: the same in every run, whatever the length.
                if (use.Node.OutputOrNull(0) is { } chosen && GraphConstants.IsConstant(chosen))
                    continue;
                if (Rows(use, isPosition) is { } rows)
                    yield return rows - item.Offset;
                else if (Moved(use, isPosition) is { } offset && seen.Add(use.Node.Output))
                    queue.Enqueue((use.Node.Output, item.Offset + offset));
            }
        }
    }

    private static long? Rows(Use use, bool isPosition) =>
        (use.Node.Operator, use.InputIndex) switch
        {
            (("", "Gather"), 1) when Axis(use.Node) == 0 => FirstSize(use.Node.InputOrNull(0)),
            ((OperatorKey.Microsoft, "GatherBlockQuantized"), 1) => FirstSize(use.Node.InputOrNull(0)),
            (("", "OneHot"), 0) when !isPosition => Number(use.Node.InputOrNull(1)),
            ((OperatorKey.Microsoft, "EmbedLayerNormalization"), 1) when !isPosition => FirstSize(
                use.Node.InputOrNull(4)
            ),
            ((OperatorKey.Microsoft, "EmbedLayerNormalization"), 0) when !isPosition => FirstSize(
                use.Node.InputOrNull(2)
            ),
            ((OperatorKey.Microsoft, "RotaryEmbedding"), 1) when isPosition => FirstSize(use.Node.InputOrNull(2)),
            _ => null,
        };

    private static long? Moved(Use use, bool isPosition) =>
        (use.Node.Operator, use.InputIndex) switch
        {
            (

                (
                    "",
                    "Cast"
                        or "Identity"
                        or "Reshape"
                        or "Unsqueeze"
                        or "Squeeze"
                        or "Expand"
                        or "Slice"
                        or "Transpose"
                        or "Flatten"
                ),
                0
            ) => 0,
            (("", "Add"), _) => Number(use.Node.InputOrNull(1 - use.InputIndex)),
            (("", "Sub"), 0) => -Number(use.Node.InputOrNull(1)),
            // A mask of ones and zeros times positions.
            (("", "Mul"), _) when isPosition => 0,
            _ => null,
        };

    // Operators that count positions themselves.
    private static IEnumerable<long> Caches(Graph graph) =>
        graph
            .Nodes.Select(node =>
                node.Operator switch
                {
                    (OperatorKey.Microsoft, "GroupQueryAttention") => FirstSize(node.InputOrNull(7)),
                    (OperatorKey.Microsoft, "EmbedLayerNormalization") => FirstSize(node.InputOrNull(3)),
                    _ => null,
                }
            )
            .OfType<long>();

    private static long? FirstSize(Value? table) =>
        table is not null && GraphConstants.Dimensions(table) is [var rows, _, ..] ? rows : null;

    private static long Axis(Node node) =>
        node.FindAttribute("axis") is { Kind: AttributeKind.Integer } axis ? axis.Integer : 0;

    private static long? Number(Value? constant) =>
        constant is not null && GraphConstants.Integers(constant) is [{ } number] ? number : null;
}
