namespace OnnxIntervene.Sweeps;

/// <summary>How many rows a sweep runs at once.</summary>
internal static class BatchSize
{
    private const int MostRows = 64;
    private const long MostLogits = 1 << 24;
    private const long MostCached = 1 << 26;

    /// <summary>As many rows as keep the logits of a run at 64 MiB; at least one.</summary>
    public static int For(int length, int vocabulary) =>
        (int)Math.Clamp(MostLogits / ((long)length * vocabulary), 1, MostRows);

    /// <summary>
    /// As many texts as keep their keys and values at 256 MiB, where each layer's are as wide as the stream; at least
    /// one.
    /// </summary>
    public static int ForCache(long length, int layers, int width) =>
        (int)Math.Clamp(MostCached / Math.Max(1, length * 2 * layers * width), 1, MostRows);
}
