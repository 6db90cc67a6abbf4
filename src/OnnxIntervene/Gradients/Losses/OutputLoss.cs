using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>An output of the model that is one number already.</summary>
public sealed record OutputLoss : Loss
{
    /// <inheritdoc/>
    internal override string Structure => $"output {Output}";

    /// <inheritdoc/>
    // A tensor of another size than one fails when it runs.
    internal override Value Write(LossGraph graph, Value output) =>
        graph.Ops.Reshape(graph.Widened(output), ReadOnlySpan<long>.Empty);

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes) => [];
}
