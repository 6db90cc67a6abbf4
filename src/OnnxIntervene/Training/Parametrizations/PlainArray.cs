using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>An array that is trained number by number.</summary>
internal sealed class PlainArray(NumericArray array) : TrainedArray(array)
{
    /// <inheritdoc/>
    public override NumericArray Gradient(NumericArray gradient, CancellationToken cancellation) => gradient;

    private protected override NumericArray Compute() => Free;
}
