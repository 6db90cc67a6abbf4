using OnnxIntervene.Execution;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Examples that accuracy is measured on while interventions are trained. Their sources are run once, where no
/// parameter changes what is read of them.
/// </summary>
/// <param name="data">The examples.</param>
/// <param name="batchSize">How many a run takes.</param>
/// <param name="place">Where the interventions are.</param>
/// <param name="cancellation">Ends a run early.</param>
internal sealed class HeldOutInterchanges(
    InterchangeDataSet data,
    int batchSize,
    InterchangePlace place,
    CancellationToken cancellation
)
{
    private readonly List<(InterchangeBatch Batch, InterchangeRun Run)> _batches =
    [
        .. InterchangeBatch
            .Of(data.Examples, batchSize)
            .Select(batch => (batch, new InterchangeRun(batch, data.Answers, place, cancellation))),
    ];

    /// <summary>The share that a model's interventions answer as supposed.</summary>
    public double AccuracyOf(IntervenableModel model)
    {
        var right = _batches.Sum(item =>
            item.Run.Of(model, wantsPlain: false)
                .Changed.Zip(item.Batch.Examples, (answer, example) => answer == example.Label ? 1 : 0)
                .Sum()
        );
        return (double)right / data.Examples.Length;
    }
}
