using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which dimension of a model's inputs counts examples, by the names that the file gives dimensions: the first of the
/// token ids, else one that is called batch, else the one that all inputs share. Exporters put it second in the states
/// of recurrent operators, and in inputs whose steps come first.
/// </summary>
/// <param name="Name">The dimension's name; null where the file names none that decides.</param>
/// <param name="Places">The inputs that have the dimension, and on which axis.</param>
internal sealed record ExampleAxis(string? Name, IReadOnlyDictionary<string, int> Places)
{
    private const string Batch = "batch";

    /// <summary>The dimension of examples among a graph's inputs.</summary>
    public static ExampleAxis Of(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var recurrent = OfRecurrent(graph);
        if (AxisOrigins.Find(recurrent) is var (named, place))
            return new ExampleAxis(null, new Dictionary<string, int>(StringComparer.Ordinal) { [named] = place });
        var inputs = graph.Inputs.Where(input => !input.IsConstant && input.Type?.Shape is { Rank: > 0 }).ToList();
        var name =
            (
                recurrent.IsKnown
                    ? inputs
                        .SelectMany(Names)
                        .FirstOrDefault(one => one is not null && one == recurrent.ToDimension().Symbol)
                    : null
            )
            ?? inputs.Where(input => input.Name == InputLimits.TokenInput).Select(First).FirstOrDefault()
            ?? inputs.SelectMany(Names).FirstOrDefault(IsBatch)
            ?? Shared(inputs);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var input in inputs)
        {
            if (name is not null && Names(input).ToList().IndexOf(name) is >= 0 and var axis)
                places.Add(input.Name, axis);
        }

        return new ExampleAxis(name, places);
    }

    // Recurrent operators tell which axis of what they read counts examples: the second, or with a layout of 1 the
    // first (ONNX, Operators.md, GRU, LSTM, RNN).
    private static Quantity OfRecurrent(Graph graph)
    {
        var node = graph.Nodes.FirstOrDefault(node =>
            node.Operator is ("", "GRU" or "LSTM" or "RNN") && node.InputOrNull(0) is not null
        );
        if (node is null)
            return Quantity.Unknown;
        var axis = node.FindAttribute("layout")?.Integer == 1 ? 0 : 1;
        var axes = new AxisOrigins(graph).Types.FactsOf(node.Inputs[0]!).Axes;
        return axes is { Length: 3 } ? axes[axis] : Quantity.Unknown;
    }

    private static bool IsBatch(string? name) => name?.Contains(Batch, StringComparison.OrdinalIgnoreCase) == true;

    private static string? First(Value input) => Names(input).First();

    private static IEnumerable<string?> Names(Value input) =>
        input.Type!.Shape!.Dimensions.Select(size => size.Symbol is { Length: > 0 } name ? name : null);

    // Of several names that all inputs share, the one that comes first in one of them.
    private static string? Shared(List<Value> inputs)
    {
        if (inputs.Count < 2)
            return inputs.Select(First).FirstOrDefault();
        var shared = inputs
            .Select(Names)
            .Aggregate((common, names) => common.Intersect(names))
            .OfType<string>()
            .ToList();
        return shared.Find(name => inputs.Exists(input => First(input) == name)) ?? shared.FirstOrDefault();
    }
}
