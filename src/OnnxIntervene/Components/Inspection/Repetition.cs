using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Inspection;

/// <summary>A sequence of nodes that repeats itself, whatever it computes.</summary>
/// <param name="Nodes">All nodes of all repetitions, in the graph's order.</param>
/// <param name="Length">How many nodes a repetition has.</param>
internal sealed record Repetition(ImmutableArray<Node> Nodes, int Length)
{
    // One operator after another of its kind is no pattern.
    private const int ShortestSequence = 2;

    // What only rearranges numbers, or computes sizes: exporters write it differently from layer to layer.
    private static readonly HashSet<string> s_plumbing =
    [
        "Constant",
        "ConstantOfShape",
        "Shape",
        "Size",
        "Identity",
        "Cast",
        "Unsqueeze",
        "Squeeze",
        "Reshape",
        "Transpose",
        "Concat",
        "Slice",
        "Split",
        "Gather",
        "Range",
        "Expand",
        "Where",
        "Equal",
        "Flatten",
        "Dropout",
        "And",
        "Or",
        "Not",
        "Less",
        "Greater",
        "DequantizeLinear",
        "QuantizeLinear",
    ];

    public int Count => Nodes.Length / Length;

    /// <summary>
    /// The longest stretch of a graph that consists of at least two equal sequences; null when there is none.
    /// O(n log n).
    /// </summary>
    public static Repetition? Longest(Graph graph)
    {
        var nodes = graph
            .Nodes.Where(node => node.Outputs.Count > 0 && !s_plumbing.Contains(node.Operator.OperatorType))
            .ToList();
        var types = new TypeInference();
        var (start, length, count) = RepeatedWords.Longest(
            [.. nodes.Select(node => Word(node, types))],
            ShortestSequence
        );
        return count == 0 ? null : new Repetition([.. nodes.Skip(start).Take(count * length)], length);
    }

    /// <summary>Describes the repetition.</summary>
    public RepeatedPattern Describe() =>
        new(
            [.. Nodes.Take(Length).Select(node => node.Operator.OperatorType)],
            [
                .. Enumerable
                    .Range(1, Count)
                    .Select(number => Nodes[(number * Length) - 1].Outputs.OfType<Value>().First().Name),
            ]
        );

    private static string Word(Node node, TypeInference types) =>
        MatrixWidths.Of(node, types) is { } sizes
            ? $"{node.Operator.OperatorType} {sizes.InputWidth} {sizes.OutputWidth}"
            : node.Operator.OperatorType;
}
