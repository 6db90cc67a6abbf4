namespace OnnxIntervene.Sweeps;

/// <summary>How many rows a sweep runs at once.</summary>
internal static class BatchSize
{
    private const int MostRows = 64;
    private const long MostLogits = 1 << 24;

    /// <summary>As many rows as keep the logits of a run at 64 MiB; at least one.</summary>
    public static int For(int length, int vocabulary) =>
        (int)Math.Clamp(MostLogits / ((long)length * vocabulary), 1, MostRows);
}
