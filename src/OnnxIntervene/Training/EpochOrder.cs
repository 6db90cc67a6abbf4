namespace OnnxIntervene.Training;

/// <summary>In which order and in what batches an epoch goes through a set.</summary>
internal static class EpochOrder
{
    // Far apart, so that epochs of neighbouring seeds differ.
    private const int SeedStep = 1_000_003;

    /// <summary>The batches of an epoch: the same for the same options, whatever ran before.</summary>
    public static IReadOnlyList<int[]> Of(int count, int epoch, FitOptions options)
    {
        var order = Enumerable.Range(0, count).ToArray();
        if (options.Shuffles)
            new Random(unchecked((options.Seed * SeedStep) + epoch)).Shuffle(order);
        return [.. order.Chunk(options.BatchSize)];
    }
}
