using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>The mean squared difference of all elements of an output from given ones.</summary>
/// <param name="Target">What the output is compared with, floats in its shape.</param>
public sealed record SquaredErrorLoss(NumericArray Target) : Loss
{
    private const string TargetInput = "target";

    /// <inheritdoc/>
    internal override string Structure => $"squared error of {Output}, {Target.Shape.Length} axes";

    /// <inheritdoc/>
    internal override Value Write(LossGraph graph, Value output)
    {
        var target = graph.Input(TargetInput, ElementType.Float32, new long?[Target.Shape.Length]);
        var difference = graph.Ops.Sub(graph.Widened(output), target);
        return graph.Mean(graph.Ops.Mul(difference, difference));
    }

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes)
    {
        if (Target.IsInteger || Target.Shape.Length != outputAxes)
            throw new InterventionException(
                $"The output has {outputAxes} axes; {Target} was given to compare it with."
            );
        yield return new(TargetInput, Target);
    }
}
