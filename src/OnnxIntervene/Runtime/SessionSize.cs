using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>How much memory an open session takes, as far as that can be estimated beforehand.</summary>
internal static class SessionSize
{
    // What ONNX Runtime keeps of a node: its kernel, its place in the plan, its shapes. Measured on the reference
    // models.
    private const long BytesOfNode = 4096;

    /// <summary>The wiring, and the weights that the session does not share with others.</summary>
    public static long Estimate(Model model, bool sharesWeights)
    {
        var nodes = model.Graph.AllNodes().LongCount();
        var weights = model
            .Graph.Initializers.Select(value => value.Initializer!)
            .Where(data => !sharesWeights || data.Span is null || !SharedWeights.CanShare(data.ElementType))
            .Sum(data => data.ByteLength);
        return (nodes * BytesOfNode) + weights;
    }
}
