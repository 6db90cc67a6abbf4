using OnnxIntervene.IR;

namespace OnnxIntervene.Comparing;

/// <summary>
/// What rounding explains of a local error. Two files that compute the same in another order differ by the rounding of
/// their element type, which does not pile up in a local error, since what is read is A's. Where a file holds weights
/// or activations in few bits, every product with them differs, by about as much in each layer; there, a component
/// parts only where it stands out among the same component of all layers.
/// </summary>
/// <param name="Floor">The largest relative error that the element type explains.</param>
/// <param name="IsQuantized">Whether a file holds weights or activations in few bits.</param>
public sealed record RoundingLimits(double Floor, bool IsQuantized)
{
    /// <summary>How far above the median of the layers an error of a quantised file must be.</summary>
    public const double Factor = 5;

    // A few hundred units of the last place of 32-bit floats, some tens of 16-bit ones: sums over a few thousand
    // products, and a softmax of logits of some tens, whose absolute error becomes a relative one.
    private const double Single = 2e-5;
    private const double Half = 1e-2;
    private const double BFloat = 6e-2;

    private static readonly string[] s_bytes = ["Quant", "NBits", "Bnb4", "FpQ4", "Integer"];

    /// <summary>The limits for two models.</summary>
    /// <param name="models">The models, or the only one where the other side is a file of activations.</param>
    public static RoundingLimits Of(params ReadOnlySpan<Model> models)
    {
        var (floor, isQuantized) = (Single, false);
        foreach (var model in models)
        {
            floor = Math.Max(floor, FloorOf(model.Graph));
            isQuantized |= model.Graph.AllNodes().Any(IsQuantizedNode);
        }

        return new RoundingLimits(floor, isQuantized);
    }

    /// <summary>What is explained of a component's error.</summary>
    /// <param name="errors">The local errors of the same component in all layers.</param>
    /// <param name="others">Those of every component, for one that is in a single layer.</param>
    public double Explained(IReadOnlyList<double> errors, IReadOnlyList<double> others)
    {
        ArgumentNullException.ThrowIfNull(errors);
        ArgumentNullException.ThrowIfNull(others);
        return IsQuantized ? Math.Max(Floor, Factor * LowerMedian(errors.Count > 1 ? errors : others)) : Floor;
    }

    // Of two layers the better one: a fault in one of them is no measure for it.
    private static double LowerMedian(IReadOnlyList<double> errors)
    {
        var finite = errors.Where(double.IsFinite).Order().ToList();
        return finite.Count == 0 ? 0 : finite[(finite.Count - 1) / 2];
    }

    private static double FloorOf(Graph graph)
    {
        var types = graph
            .AllNodes()
            .SelectMany(node => node.Inputs)
            .OfType<Value>()
            .Select(value => value.Initializer?.ElementType ?? value.Type?.ElementType)
            .ToHashSet();
        return types.Contains(ElementType.BFloat16) ? BFloat
            : types.Contains(ElementType.Float16) ? Half
            : Single;
    }

    private static bool IsQuantizedNode(Node node) =>
        Array.Exists(s_bytes, word => node.Operator.Name.Contains(word, StringComparison.OrdinalIgnoreCase))
        || (node.Operator.Name is ['Q', var second, ..] && char.IsUpper(second));
}
