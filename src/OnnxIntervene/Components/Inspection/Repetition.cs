using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Inspection;

/// <summary>A sequence of nodes that repeats itself, whatever it computes.</summary>
/// <param name="Nodes">All nodes of all repetitions, in the graph's order.</param>
/// <param name="Length">How many nodes a repetition has.</param>
internal sealed record Repetition(ImmutableArray<Node> Nodes, int Length)
{
    private const long MostComparisons = 50_000_000;

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
    /// </summary>
    public static Repetition? Longest(Graph graph)
    {
        var nodes = graph
            .Nodes.Where(node => node.Outputs.Count > 0 && !s_plumbing.Contains(node.Operator.OperatorType))
            .ToList();
        var words = nodes.Select(Word).ToList();
        var (bestStart, bestLength, bestCount) = (0, 0, 0);
        for (var length = 2; length <= Math.Min(words.Count / 2, MostComparisons / Math.Max(1, words.Count)); length++)
        {
            var (start, run) = LongestRun(words, length);
            var count = (run / length) + 1;
            if (count > 1 && count * length > bestCount * bestLength)
                (bestStart, bestLength, bestCount) = (start, length, count);
        }

        return bestCount == 0
            ? null
            : new Repetition([.. nodes.Skip(bestStart).Take(bestCount * bestLength)], bestLength);
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

    // The longest run of nodes equal to the nodes so many places later.
    private static (int Start, int Run) LongestRun(List<string> words, int distance)
    {
        var (bestStart, best, run) = (0, 0, 0);
        for (var index = 0; index + distance < words.Count; index++)
        {
            run = words[index] == words[index + distance] ? run + 1 : 0;
            if (run > best)
                (bestStart, best) = (index - run + 1, run);
        }

        return (bestStart, best);
    }

    private static string Word(Node node) =>
        MatrixWidths.Of(node) is { } sizes
            ? $"{node.Operator.OperatorType} {sizes.InputWidth} {sizes.OutputWidth}"
            : node.Operator.OperatorType;
}
