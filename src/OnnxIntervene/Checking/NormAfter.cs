using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Checking;

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
            if (readers.Exists(node => s_norms.Contains(node.Operator.OperatorType)) && readers.Count < 3)
                return readers.Count == 1 || readers.TrueForAll(IsNormPart);
            if (readers.Distinct().Count() != 1 || readers[0].Outputs.Count == 0 || readers[0].Outputs[0] is not { } next)
                return false;
            at = next;
        }

        return false;
    }

    private static bool IsNormPart(Node node) =>
        s_norms.Contains(node.Operator.OperatorType) || node.Operator.OperatorType is "Mul" or "Sub";
}
