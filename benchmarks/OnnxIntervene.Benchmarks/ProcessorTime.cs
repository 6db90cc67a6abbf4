namespace OnnxIntervene.Benchmarks;

/// <summary>
/// The processor's own time in seconds, since others may use the machine; with one thread it is the time that passes.
/// </summary>
internal static class ProcessorTime
{
    public static double Now => Environment.CpuUsage.TotalTime.TotalSeconds;

    public static double Of(Action run)
    {
        var start = Now;
        run();
        return Now - start;
    }

    public static double Median(IEnumerable<double> times)
    {
        var sorted = times.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
