namespace OnnxIntervene.Fuzz;

/// <summary>Starts the workers and tells what they found.</summary>
internal sealed class Supervisor(FuzzOptions options)
{
    /// <summary>Returns 0 when nothing is found, else 1.</summary>
    public int Run()
    {
        using var end = new CancellationTokenSource();
        if (options.Minutes is { } minutes)
            end.CancelAfter(TimeSpan.FromMinutes(minutes));
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            end.Cancel();
        };
        var tally = new Tally();
        Parallel.For(
            0,
            options.Workers,
            new ParallelOptions { MaxDegreeOfParallelism = options.Workers },
            number => new WorkerProcess(options, number, tally).Run(end.Token)
        );
        tally.Write(Console.Out, options);
        if (tally.FindingCount > 0)
            Console.Out.WriteLine($"The files are in {options.Out}.");
        return tally.FindingCount == 0 ? 0 : 1;
    }
}
