using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>
/// The mean Kullback-Leibler divergence at chosen positions from a given distribution: the mean of
/// Σ p (log p - log softmax(logits)).
/// </summary>
/// <param name="Distribution">Probabilities p, floats <c>[rows, width]</c>, one row a position.</param>
public sealed record DivergenceLoss(NumericArray Distribution) : Loss
{
    private const string DistributionInput = "distribution";

    /// <summary>Positions, integers <c>[batch, count]</c>; null for the last token of each example.</summary>
    public NumericArray? Positions { get; init; }

    /// <inheritdoc/>
    internal override bool ReadsPositions => true;

    /// <inheritdoc/>
    internal override string Structure => $"divergence of {Output}";

    /// <inheritdoc/>
    internal override Value Write(LossGraph graph, Value output)
    {
        var ops = graph.Ops;
        var logarithms = graph.LogProbabilities(graph.ChosenRows(output));
        var given = graph.Input(DistributionInput, ElementType.Float32, null, null);
        var zero = ops.Sub(given, given);
        var one = ops.Emit("Exp", [zero]);
        // p log p is 0 where p is 0.
        var own = ops.Emit("Log", [ops.Where(ops.Emit("Greater", [given, zero]), given, one)]);
        var terms = ops.Mul(given, ops.Sub(own, logarithms));
        var rows = ops.Emit("MatMul", [terms, ops.Transpose(ops.Slice(one, 0, 0, 1), 1, 0)]);
        return graph.Mean(rows);
    }

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes)
    {
        var places = LossRows.Of(inputs, Positions, outputAxes);
        if (Distribution.IsInteger || Distribution.Shape.Length != 2 || Distribution.Shape[0] != places.Shape[0])
            throw new InterventionException(
                $"The loss has {places.Shape[0]} rows, so it needs as many distributions; {Distribution} was given."
            );
        yield return new(LossRows.Places, places);
        yield return new(DistributionInput, Distribution);
    }
}
