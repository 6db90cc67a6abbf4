using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// The core of an attention: a softmax between two products, or one operator that computes all three.
/// </summary>
/// <param name="Node">The product with the values, or the fused operator.</param>
/// <param name="Probabilities">What the second product reads; null inside a fused operator.</param>
/// <param name="Query">What the first product reads on its left, or the operator's query.</param>
/// <param name="Key">What the first product reads on its right, or the operator's key.</param>
/// <param name="Value">What the second product reads on its right, or the operator's value.</param>
internal sealed record AttentionCore(Node Node, Value? Probabilities, Value Query, Value Key, Value Value)
{
    private const int LongestSearch = 60;

    /// <summary>Whether one operator computes it all.</summary>
    public bool IsFused => Probabilities is null;

    /// <summary>The mixed values, head by head.</summary>
    public Value Mixed => Node.Output;

    /// <summary>The query (0), key (1) or value (2).</summary>
    public Value Operand(int part) =>
        part switch
        {
            0 => Query,
            1 => Key,
            _ => Value,
        };

    /// <summary>Every attention of a graph, in its order.</summary>
    public static IEnumerable<AttentionCore> All(Graph graph)
    {
        foreach (var node in graph.Nodes)
        {
            if (FusedOperators.IsAttention(node) && node.InputOrNull(0) is { } query)
                yield return new AttentionCore(node, null, query, Third(node, 1) ?? query, Third(node, 2) ?? query);
            else if (node.Operator.OperatorType is "Softmax" or "BiasSoftmax" && Around(node) is { } core)
                yield return core;
        }
    }

    // ONNX Runtime's own Attention multiplies its weights itself: its second input is not a key.
    private static Value? Third(Node node, int index) =>
        FusedOperators.IsPackedAttention(node) ? null : node.InputOrNull(index);

    private static AttentionCore? Around(Node softmax)
    {
        if (
            AttentionFinder.Probabilities(softmax.Output) is not var (probabilities, mix)
            || ScoresBefore(softmax) is not { } scores
        )
            return null;
        return new AttentionCore(mix, probabilities, scores.Inputs[0]!, scores.Inputs[1]!, mix.Inputs[1]!);
    }

    // Between the scores and the softmax there may be a scale, a mask, a cap, a cast.
    private static Node? ScoresBefore(Node softmax)
    {
        var seen = new HashSet<Value>();
        var open = new Queue<Value>([softmax.Inputs[0]!]);
        while (open.TryDequeue(out var value) && seen.Count < LongestSearch)
        {
            if (!seen.Add(value) || value.Producer is not { } producer)
                continue;
            if (
                AttentionFinder.IsProduct(producer)
                && producer.Inputs.OfType<Value>().Count(input => !GraphConstants.IsConstant(input)) == 2
            )
                return producer;
            if (
                producer.Operator.OperatorType
                    is "Add"
                        or "Mul"
                        or "Div"
                        or "Sub"
                        or "Where"
                        or "Cast"
                        or "Identity"
                        or "Dropout"
                        or "Tanh"
                        or "Concat"
                        or "Reshape"
                || Dataflow.IsTransparent(producer)
            )
            {
                foreach (var input in Dataflow.DataInputs(producer).Take(LongestSearch))
                    open.Enqueue(input);
            }
        }

        return null;
    }
}
