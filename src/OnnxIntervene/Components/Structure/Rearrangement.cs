using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Whether examples and positions keep their places between a stream and what attends: they do not where attention is
/// computed of windows (Swin), or of positions before examples (torch's MultiheadAttention).
/// </summary>
internal static class Rearrangement
{
    /// <summary>
    /// A node that moves examples or positions before the queries are computed; null where none does.
    /// </summary>
    public static Node? Of(Value queries, SubLayer part)
    {
        var root = Dataflow.FlatRoot(part.Stream);
        var (seen, open) = (new HashSet<Value>(), new Stack<Value>([queries]));
        while (open.TryPop(out var value))
        {
            if (value == root || !seen.Add(value) || value.Producer is not { } producer)
                continue;
            // A norm puts back what it arranges.
            if (Norms.InputOf(value) is { } before)
            {
                open.Push(before);
                continue;
            }

            if (!part.Nodes.Contains(producer))
                continue;
            if (Moves(producer))
                return producer;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return null;
    }

    /// <summary>What a sub-layer reads before anything is moved: the stream, or its norm.</summary>
    public static Value? InputOf(SubLayer part) =>
        StreamTracer.NormOf(part.Stream) is { } norm && norm.Uses.Any(use => part.Nodes.Contains(use.Node)) ? norm
        : part.Stream.Uses.Any(use => part.Nodes.Contains(use.Node)) ? part.Stream
        : null;

    /// <summary>Whether a node outputs the numbers of positions, or of windows of them, at other places.</summary>
    public static bool Moves(Node node) =>
        node.Operator.OperatorType switch
        {
            "Concat" or "Split" => node.FindAttribute("axis") is not { Integer: -1 },
            "Slice" => node.InputOrNull(3) is not { } axes || GraphConstants.Integers(axes) is not [-1],
            "Transpose" or "Gather" or "GatherND" or "GatherElements" or "Pad" or "Einsum" or "Conv" => true,
            _ => false,
        };
}
