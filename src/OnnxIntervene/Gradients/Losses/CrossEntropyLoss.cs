using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>
/// The mean cross entropy of labels at chosen positions: the mean of -log softmax(logits)[label].
/// </summary>
/// <param name="Labels">The right tokens or classes, integers: <c>[batch]</c>, or <c>[batch, count]</c>.</param>
public sealed record CrossEntropyLoss(NumericArray Labels) : Loss
{
    private const string LabelsInput = "labels";

    /// <summary>Positions, integers <c>[batch, count]</c>; null for the last token of each example.</summary>
    public NumericArray? Positions { get; init; }

    /// <inheritdoc/>
    internal override string Structure => $"cross entropy of {Output}";

    /// <inheritdoc/>
    internal override NumericArray? Targets => Labels;

    /// <inheritdoc/>
    internal override void CheckClasses(int classes) => LossRows.CheckClasses(Labels, "label", classes);

    /// <inheritdoc/>
    internal override Value Write(LossGraph graph, Value output)
    {
        var logarithms = graph.LogProbabilities(graph.ChosenRows(output));
        return graph.Ops.Emit("Neg", [graph.Mean(graph.Entries(logarithms, LabelsInput))]);
    }

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes)
    {
        var places = LossRows.Of(inputs, Positions, outputAxes);
        yield return new(LossRows.Places, places);
        yield return new(LabelsInput, LossRows.Fitted(Labels, places, "labels"));
    }
}
