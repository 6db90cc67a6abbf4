using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.Training;

/// <summary>How a training of a set is computed.</summary>
/// <param name="Kept">
/// The tensors that are computed once for each example and kept; empty where nothing can be.
/// </param>
/// <param name="BytesPerExample">How much of them an example has, with what is read of its sources.</param>
/// <param name="FrozenNodes">Nodes that run once for each example.</param>
/// <param name="StepNodes">Nodes that run in every step.</param>
/// <param name="RepeatedNodes">Those of them that the way back computes a second time.</param>
/// <param name="ReadsAnswersOnly">
/// Whether the product with the vocabulary's matrix is computed where the loss reads it alone.
/// </param>
/// <param name="StepProducts">
/// Multiplications of an example with weights in a step, in shares of a naive one: forward for base and source, and
/// back through the whole model.
/// </param>
public sealed record TrainingExplanation(
    ImmutableArray<string> Kept,
    long BytesPerExample,
    int FrozenNodes,
    int StepNodes,
    int RepeatedNodes,
    bool ReadsAnswersOnly,
    double StepProducts
)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var products = StepProducts.ToString("P1", CultureInfo.InvariantCulture);
        var share =
            $"{StepNodes} nodes{Repeated}{Cut}, {products} of the multiplications with weights of a step that keeps "
            + "nothing";
        if (Kept.IsEmpty)
            return $"nothing is frozen; each step: {share}";
        var kept = string.Create(CultureInfo.InvariantCulture, $"{BytesPerExample / 1024.0:F1} KiB an example");
        return $"once for each example: {FrozenNodes} nodes, of which {string.Join(", ", Kept)} are kept ({kept}); "
            + $"each step: {share}";
    }

    private string Repeated => RepeatedNodes > 0 ? $" ({RepeatedNodes} of them computed a second time)" : "";

    private string Cut => ReadsAnswersOnly ? ", logits where the loss reads them alone" : "";
}
