using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>What a batch gave.</summary>
/// <param name="Loss">The loss, a finite number.</param>
/// <param name="Right">How many rows' most probable class is the label, of how many; null without labels.</param>
/// <param name="Gradients">The gradient by each trained array; empty where none were wanted.</param>
internal sealed record StepNumbers(double Loss, (int Right, int Rows)? Right, IReadOnlyList<NumericArray> Gradients)
{
    /// <summary>The share of right rows; null without labels.</summary>
    public double? Accuracy => Right is { } right ? (double)right.Right / right.Rows : null;

    /// <summary>Checks and counts what a run gave.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="predictions">The most probable class of each row; null for none.</param>
    /// <param name="labels">The right class of each row; null for none.</param>
    /// <param name="gradients">The gradients.</param>
    /// <param name="whose">Names the examples, or the step and the rows, whose loss is not finite.</param>
    /// <exception cref="InterventionException">The loss is not finite.</exception>
    public static StepNumbers Of(
        double loss,
        NumericArray? predictions,
        NumericArray? labels,
        IReadOnlyList<NumericArray> gradients,
        Func<string> whose
    )
    {
        if (!double.IsFinite(loss))
            throw new InterventionException(
                $"{whose()}: The loss is {loss}. Look at the batch, take a smaller "
                    + "learning rate, or limit the gradient's norm."
            );
        return new StepNumbers(
            loss,
            predictions is null || labels is null ? null : (CountRight(predictions, labels), predictions.Length),
            gradients
        );
    }

    private static int CountRight(NumericArray predictions, NumericArray labels)
    {
        var right = 0;
        for (var row = 0; row < predictions.Length; row++)
            right += predictions.Integers[row] == labels.Integers[row] ? 1 : 0;
        return right;
    }
}
