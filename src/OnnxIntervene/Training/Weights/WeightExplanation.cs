using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.Training.Weights;

/// <summary>How a training of weights is computed.</summary>
/// <param name="Weights">The names of the weights that are trained.</param>
/// <param name="Numbers">How many numbers they have.</param>
/// <param name="Bytes">
/// What these take in memory, with the sum of their gradients and what the optimiser keeps; the file's own are mapped.
/// </param>
/// <param name="FrozenNodes">
/// Nodes of sources' runs that no trained weight changes: they run once a step, the rest of a source's run twice, to be
/// read and to be gone back.
/// </param>
/// <param name="StepNodes">All other nodes that run in a step.</param>
/// <param name="ReadsAnswersOnly">
/// Whether the product with the vocabulary's matrix is computed where an answer is read alone.
/// </param>
/// <param name="StepProducts">
/// Multiplications of an example with weights in a step, in shares of a naive one: bases and sources forward through
/// the whole model, and back to every weight of it.
/// </param>
public sealed record WeightExplanation(
    ImmutableArray<string> Weights,
    long Numbers,
    long Bytes,
    int FrozenNodes,
    int StepNodes,
    bool ReadsAnswersOnly,
    double StepProducts
)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var memory = (Bytes / (1024.0 * 1024)).ToString("F1", CultureInfo.InvariantCulture);
        var share = StepProducts.ToString("P1", CultureInfo.InvariantCulture);
        var frozen = FrozenNodes > 0 ? $" and {FrozenNodes} that no weight changes" : "";
        return $"{Weights.Length} weights, {Numbers} numbers ({memory} MiB with their gradients and the optimiser's "
            + $"state); each step: {StepNodes} nodes{frozen}, {share} of the multiplications with weights of a step "
            + "that runs everything whole";
    }
}
