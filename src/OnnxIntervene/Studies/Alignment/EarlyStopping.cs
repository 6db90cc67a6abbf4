using OnnxIntervene.Tensors;
using OnnxIntervene.Training;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Measures a training on held-out examples while it runs, ends it when they no longer get better, and keeps the best.
/// </summary>
/// <param name="trainer">The training.</param>
/// <param name="request">What is held out, when it is measured, and how long it may get no better.</param>
/// <param name="place">Where the interventions are.</param>
/// <param name="cancellation">Ends a measuring early.</param>
internal sealed class EarlyStopping(
    Trainer trainer,
    AlignmentRequest request,
    InterchangePlace place,
    CancellationToken cancellation
)
{
    private readonly List<double> _accuracies = [];

    // Their sources are run once: no parameter changes what is read of them.
    private readonly List<(InterchangeBatch Batch, InterchangeRun Run)> _batches =
    [
        .. InterchangeBatch
            .Of(request.HeldOut?.Examples ?? [], request.BatchSize)
            .Select(batch => (batch, new InterchangeRun(batch, request.HeldOut!.Answers, place, cancellation))),
    ];

    private List<NumericArray> _best = [];
    private int _bestNumber;

    /// <summary>The accuracy of each measuring, in order.</summary>
    public IReadOnlyList<double> Accuracies => _accuracies;

    /// <summary>Whether the training is at its end after so many steps; measures where it is time to.</summary>
    public bool Ends(int steps)
    {
        if (_batches.Count == 0 || (steps % request.MeasuresEvery != 0 && steps != request.Steps))
            return false;
        Measure();
        return request.Patience is { } patience && _accuracies.Count > _bestNumber + patience;
    }

    /// <summary>Puts the trainer where it was at the best measuring.</summary>
    public void Restore()
    {
        for (var index = 0; index < _best.Count; index++)
            trainer.Trained.Parameters[index].Array.Move(_best[index]);
    }

    private void Measure()
    {
        using var model = trainer.ToModel();
        var right = _batches.Sum(item =>
            item.Run.Of(model, wantsPlain: false)
                .Changed.Zip(item.Batch.Examples, (answer, example) => answer == example.Label ? 1 : 0)
                .Sum()
        );
        var accuracy = (double)right / request.HeldOut!.Examples.Length;
        if (_accuracies.Count == 0 || accuracy > _accuracies.Max())
        {
            _bestNumber = _accuracies.Count;
            _best = [.. trainer.Trained.Parameters.Select(parameter => parameter.Array.Free)];
        }

        _accuracies.Add(accuracy);
    }
}
