using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Finds what attention computes with by the graph's structure: the product around a softmax, and the reshape into
/// heads.
/// </summary>
internal static class AttentionFinder
{
    private const int LongestChain = 12;
    private const int MostSplit = 64;

    /// <summary>The probabilities that the second product of an attention reads.</summary>
    public static Found Weight(IReadOnlyList<Node> attention)
    {
        if (attention.FirstOrDefault(FusedOperators.IsAttention) is { } fused)
            return Found.At(new AttentionProbabilitySource(fused), 0);
        if (attention.FirstOrDefault(node => node.Operator.OperatorType == "Softmax") is not { } softmax)
            return Found.Nothing("no Softmax in the attention module");
        return Probabilities(softmax.Output) is { } found
            ? Found.At(new TensorSource(found.Value), 0)
            : Found.Nothing($"nothing multiplies '{softmax.Output.Name}' with the values");
    }

    /// <summary>
    /// What the output projection reads; exporters that merge reshapes leave it as <c>[batch, position, head, head
    /// width]</c>.
    /// </summary>
    public static Found MixedValues(Value value, int width) =>
        value.Type?.Shape is { Rank: 4 } shape
        && shape[2].Size is { } heads
        && shape[3].Size is { } headWidth
        && heads * headWidth == width
            ? Found.At(new SplitHeadsSource(value, (int)heads, (int)headWidth), width)
            : Found.At(new TensorSource(value), width);

    /// <summary>
    /// Into how many heads a projection is split: the reshape of <c>[…, width]</c> to <c>[…, heads, head width]</c>
    /// that follows it; 0 when there is none.
    /// </summary>
    public static int SplitHeads(Value value, int width) => SplitHeads(value, width, []);

    private static int SplitHeads(Value value, int width, HashSet<Value> seen)
    {
        if (seen.Count == MostSplit || !seen.Add(value))
            return 0;
        foreach (var use in value.Uses)
        {
            if (
                use.InputIndex == 0
                && use.Node.Operator.OperatorType == "Reshape"
                && use.Node.InputOrNull(1) is { } shape
                && GraphConstants.Integers(shape) is { Length: 4 } sizes
                && HeadsOf(sizes[2], sizes[3], width) is > 0 and var heads
            )
                return heads;
            if (IsPassedOn(use, width) && SplitHeads(use.Node.Output, width, seen) is > 0 and var later)
                return later;
        }

        return 0;
    }

    // A bias, a cast, or a reshape that keeps the width.
    private static bool IsPassedOn(Use use, int width) =>
        use.Node.Operator.OperatorType switch
        {
            "Add" or "Identity" or "Cast" or "Dropout" => true,
            "Reshape" => use.InputIndex == 0
                && use.Node.InputOrNull(1) is { } shape
                && (
                    shape.Producer?.Operator.OperatorType == "Shape"
                    || (GraphConstants.Integers(shape) is { Length: 3 } sizes && (sizes[2] == width || sizes[2] == -1))
                ),
            _ => false,
        };

    /// <summary>
    /// The number of heads that the last two sizes of a reshape split a width into; 0 when they do not split it.
    /// </summary>
    public static int HeadsOf(long? heads, long? headWidth, int width) =>
        (heads, headWidth) switch
        {
            (> 0, > 0) when heads * headWidth == width => (int)heads,
            (> 0, -1) when width % heads == 0 => (int)heads,
            (-1 or null, > 0) when width % headWidth == 0 => width / (int)headWidth,
            _ => 0,
        };

    /// <summary>Whether the node multiplies two matrices.</summary>
    public static bool IsProduct(Node node) => node.Operator.OperatorType is "MatMul" or "FusedMatMul" or "Einsum";

    /// <summary>
    /// What the product with the values reads of a softmax's output, and the product: exporters put a guard against
    /// rows without any key, a cast or a dropout between. Where heads are folded into the batch for the product, what
    /// is folded. Null when nothing multiplies it.
    /// </summary>
    public static (Value Value, Node Product)? Probabilities(Value softmax) => ReadByProduct(softmax, LongestChain, []);

    private static (Value Value, Node Product)? ReadByProduct(Value value, int rest, HashSet<Value> seen)
    {
        if (rest == 0 || !seen.Add(value))
            return null;
        if (ProductOf(value) is { } product)
            return (value, product);
        foreach (
            var use in value.Uses.Where(use =>
                use.Node.Operator.OperatorType is "Where" or "Slice" || Dataflow.IsTransparent(use.Node)
            )
        )
        {
            if (ReadByProduct(use.Node.Output, rest - 1, seen) is { } found)
                return found;
        }

        return
            value
                .Uses.Where(use => use is { InputIndex: 0, Node.Operator.OperatorType: "Reshape" })
                .Select(use => ProductOf(use.Node.Output))
                .FirstOrDefault(node => node is not null)
                is { } folded
            ? (value, folded)
            : null;
    }

    private static Node? ProductOf(Value value) =>
        value.Uses.FirstOrDefault(use => IsProduct(use.Node) && use.InputIndex == 0).Node;
}
