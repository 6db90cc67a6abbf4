namespace OnnxIntervene.Fuzz;

/// <summary>How much managed memory is held at once, seen by a thread that looks every millisecond.</summary>
internal static class LiveMemory
{
    /// <summary>The most that was held beyond what was held before, in bytes. Some of it may be garbage.</summary>
    public static long Peak(Action action)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var peak = before;
        using var isOver = new ManualResetEventSlim();
        var watch = new Thread(() =>
        {
            while (!isOver.Wait(1))
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
        });
        watch.Start();
        action();
        isOver.Set();
        watch.Join();
        return Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false)) - before;
    }
}
