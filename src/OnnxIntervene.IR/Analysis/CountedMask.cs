using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// A mask of which some operator reads only the number of tokens: it assumes that they are at the start of each row, so
/// that padding on the left, or a gap, leads to wrong numbers without an error.
/// </summary>
/// <param name="Operator">The operator that counts.</param>
/// <param name="Input">The model's input that it counts.</param>
public sealed record CountedMask(string Operator, string Input)
{
    private const int DeepestChain = 60;

    /// <summary>Every counted mask of a graph and its branches.</summary>
    internal static ImmutableArray<CountedMask> All(Graph graph)
    {
        var types = new TypeInference();
        return
        [
            .. graph
                .AllNodes()
                .Select(node => (node.Operator.OperatorType, Counts: CountsOf(node, types)))
                .Where(found => found.Counts is not null)
                .SelectMany(found =>
                    MasksOf(found.Counts!).Select(input => new CountedMask(found.OperatorType, input.Name))
                )
                .Distinct(),
        ];
    }

    // The input that holds how many tokens each row has (ONNX Runtime, docs/ContribOperators.md; ONNX,
    // docs/Operators.md).
    private static Value? CountsOf(Node node, TypeInference types) =>
        (node.Operator.Domain, node.Operator.OperatorType) switch
        {
            (OperatorKey.Microsoft, "GroupQueryAttention" or "SparseAttention") => node.InputOrNull(5),
            (OperatorKey.Microsoft, "PagedAttention") => node.InputOrNull(6),
            (OperatorKey.Microsoft, "RemovePadding") => node.InputOrNull(1),
            (OperatorKey.Microsoft, "Attention" or "DecoderMaskedSelfAttention" or "DecoderMaskedMultiHeadAttention") =>
                Row(node.InputOrNull(3), types),
            (OperatorKey.Microsoft, "MultiHeadAttention") => Row(node.InputOrNull(4), types),
            (OperatorKey.Microsoft, "QAttention") => Row(node.InputOrNull(5), types),
            ("", "Attention") => node.InputOrNull(6),
            ("", "GRU" or "LSTM" or "RNN") => node.InputOrNull(4),
            _ => null,
        };

    // These take a mask of all tokens too, [batch, key] or more axes, which may have gaps.
    private static Value? Row(Value? mask, TypeInference types) =>
        mask is not null && types.RankOf(mask) == 1 ? mask : null;

    // Counts are sums over the mask.
    private static IEnumerable<Value> MasksOf(Value counts)
    {
        var (seen, open) = (new HashSet<Value>(), new Stack<Value>([counts]));
        while (open.TryPop(out var value) && seen.Count < DeepestChain)
        {
            if (!seen.Add(value))
                continue;
            if (value.Producer is not { } producer)
            {
                if (value.Type?.Shape is { Rank: 2 } && value.Initializer is null)
                    yield return value;
                continue;
            }

            foreach (var input in SummedBy(producer))
                open.Push(input);
        }
    }

    // EmbedLayerNormalization (com.microsoft) counts its last input but one.
    private static IEnumerable<Value> SummedBy(Node node) =>
        node.Operator.OperatorType == "EmbedLayerNormalization"
            ? new[] { node.InputOrNull(7) }.OfType<Value>()
            : Dataflow.DataInputs(node);
}
