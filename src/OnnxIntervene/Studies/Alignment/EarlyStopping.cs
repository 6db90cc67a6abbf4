using OnnxIntervene.Training;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Measures a training on held-out examples while it runs, ends it when they no longer get better, and keeps the best.
/// </summary>
/// <param name="arrays">What is trained.</param>
/// <param name="state">Where measurements and the best are kept.</param>
/// <param name="measure">Measures the accuracy of what is trained as it is now; null for a training without.</param>
internal sealed class EarlyStopping(IReadOnlyList<TrainedArray> arrays, FitState state, Func<double>? measure)
{
    /// <summary>How many steps the training takes.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps between two measurements; one is also made after the last step.</summary>
    public required int Every { get; init; }

    /// <summary>How many measurements may be no better than the best before the training ends; null for any.</summary>
    public required int? Patience { get; init; }

    /// <summary>Whether the training is at its end after so many steps; measures what is due by then.</summary>
    public bool Ends(int steps)
    {
        if (measure is null)
            return false;
        while (state.HeldOut.Count < DueBy(steps))
            state.AddHeldOut(measure(), arrays);
        return state.HasEnded(Patience);
    }

    /// <summary>Puts what is trained where it was at the best measurement.</summary>
    public void Restore() => state.Restore(arrays);

    private int DueBy(int steps) => (steps / Every) + (steps == Steps && steps % Every != 0 ? 1 : 0);
}
