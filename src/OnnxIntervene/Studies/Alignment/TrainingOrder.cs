using OnnxIntervene.Numerics;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// The batches of a training: in each pass over the examples these are shuffled, put into batches, and the batches
/// shuffled, so that kinds of batches take turns.
/// </summary>
internal static class TrainingOrder
{
    /// <summary>Batches without end.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="batchSize">How many examples a batch has at most.</param>
    /// <param name="seed">What the order is drawn from.</param>
    public static IEnumerable<InterchangeBatch> Of(InterchangeDataSet data, int batchSize, uint seed)
    {
        var random = new NumpyRandom(seed);
        var kinds = InterchangeBatch.Kinds(data.Examples).ToList();
        while (true)
        {
            foreach (var kind in kinds)
                random.Shuffle(kind);
            var batches = kinds.SelectMany(kind => InterchangeBatch.Of(kind, batchSize)).ToArray();
            random.Shuffle(batches);
            foreach (var batch in batches)
                yield return batch;
        }
    }
}
