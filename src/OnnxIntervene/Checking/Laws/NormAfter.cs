using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Whether a norm lies between a sub-layer's output and the addition to the stream, or after that addition, as in
/// layers that norm what they add or their sum.
/// </summary>
internal static class NormAfter
{
    private const int MostNodes = 16;
    private static readonly HashSet<string> s_norms =
    [
        "LayerNormalization",
        "SimplifiedLayerNormalization",
        "RMSNormalization",
        "SkipLayerNormalization",
        "SkipSimplifiedLayerNormalization",
        "ReduceMean",
        "Pow",
        "LpNormalization",
        "InstanceNormalization",
        "BatchNormalization",
    ];

    /// <summary>Whether an output's values pass a norm before they are the layer's stream.</summary>
    /// <param name="output">What the sub-layer computes.</param>
    /// <param name="stream">The stream after the layer.</param>
    public static bool Of(Component output, Component? stream)
    {
        var end = stream is null ? null : SourcePlaces.Values(stream.Source).FirstOrDefault();
        if (SourcePlaces.Values(output.Source).FirstOrDefault() is not { } at)
            return false;
        for (var count = 0; count < MostNodes && at != end; count++)
        {
            var readers = at.Uses.Select(use => use.Node).Where(node => node.Operator.OperatorType != "Shape").ToList();
            if (readers.Exists(node => HasSum(node, stream)))
                return false;
            if (readers.Exists(node => s_norms.Contains(node.Operator.OperatorType)) && readers.Count < 3)
                return readers.Count == 1 || readers.TrueForAll(IsNormPart);
            if (
                readers.Distinct().Count() != 1
                || readers[0].Outputs.Count == 0
                || readers[0].Outputs[0] is not { } next
            )
                return false;
            at = next;
        }

        return false;
    }

    /// <summary>Whether an output is itself what a norm computes.</summary>
    public static bool IsInside(Component output) =>
        SourcePlaces.Values(output.Source).FirstOrDefault()?.Producer is { } producer
        && (s_norms.Contains(producer.Operator.OperatorType) || producer.Inputs.Any(IsNormalized));

    /// <summary>Whether a node divides by a root of a mean, the last step of a norm but for its weight.</summary>
    public static bool IsNormalizing(Node node) =>
        node.Operator.OperatorType is "Mul" or "Div"
        && node.Inputs.Any(input => input?.Producer?.Operator.OperatorType is "Reciprocal" or "Sqrt" or "Rsqrt");

    // A fused operator that norms a copy: the stream goes on from the sum before.
    private static bool HasSum(Node node, Component? stream) =>
        FusedOperators.IsSkipNormalization(node)
        && (
            node.OutputOrNull(FusedOperators.SumOutput) is not null
            || stream?.Source is ResidualSumSource { Node: var summed } && summed == node
        );

    private static bool IsNormalized(Value? value)
    {
        var at = value?.Producer;
        while (at is { Operator.OperatorType: "Cast" })
            at = at.Inputs[0]?.Producer;
        return at is not null && IsNormalizing(at);
    }

    private static bool IsNormPart(Node node) =>
        s_norms.Contains(node.Operator.OperatorType) || node.Operator.OperatorType is "Mul" or "Sub";
}
