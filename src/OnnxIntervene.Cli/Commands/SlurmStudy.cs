using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Cli.Slurm;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Follows the jobs of a study in shards to their end, and resubmits those whose journals are not complete. Journals
/// say what is done, and the queue what still runs: nothing else is kept, so that the same command goes on with what it
/// finds.
/// </summary>
internal sealed class SlurmStudy(SlurmQueue queue, SlurmScripts scripts, SlurmShards shards, TerminalWriter error)
    : IDisposable
{
    // A controller may be started anew, and files of other nodes may be seen late.
    private const int MostSilences = 20;
    private const int MostLooks = 3;

    private readonly SlurmLine _line = new(error);
    private ImmutableArray<SlurmTask> _tasks = [];
    private string? _merge;
    private int _silences;

    /// <summary>How often incomplete shards are submitted.</summary>
    public required int Attempts { get; init; }

    /// <summary>The time between two looks at the queue.</summary>
    public required TimeSpan Poll { get; init; }

    /// <summary>Whether jobs are only submitted.</summary>
    public required bool IsDetached { get; init; }

    /// <summary>Runs the study to its report.</summary>
    /// <returns>The log of the merging job; null where the jobs are only submitted.</returns>
    /// <exception cref="SlurmException">Slurm refused, or shards are not complete after all attempts.</exception>
    /// <exception cref="StudyCancelledException">The user ended it; the jobs are cancelled.</exception>
    public async Task<string?> RunAsync(CancellationToken cancellation)
    {
        try
        {
            await BeginAsync(cancellation);
            return IsDetached ? null : await FollowAsync(cancellation);
        }
        catch (OperationCanceledException fault)
        {
            throw new StudyCancelledException(
                $"Cancelled, {await EndAsync()}; what was measured is kept in {scripts.Folder}, and the same command "
                    + "goes on from there.",
                fault
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    private async Task BeginAsync(CancellationToken cancellation)
    {
        _tasks = await queue.ListAsync(scripts.Folder, cancellation);
        if (_tasks.IsEmpty)
        {
            scripts.Write();
            await SubmitAsync();
            return;
        }

        if (scripts.Differ)
            throw new SlurmException(
                $"{Named(_tasks)} in {scripts.Folder} runs another command (see {scripts.ArrayPath}). Wait for it, "
                    + "end it with scancel, or choose another folder."
            );
        _merge = _tasks.FirstOrDefault(task => task.Name == SlurmScripts.MergeJob)?.Job;
        error.WriteLine($"{Named(_tasks)} is queued already in {scripts.Folder}.");
    }

    private async Task<string> FollowAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            await WaitAsync(task => task.Name == SlurmScripts.ShardJob, cancellation);
            await LookAsync(() => shards.Missing.IsEmpty, cancellation);
            if (shards.Missing.IsEmpty && await MergedAsync(cancellation) is { } log)
                return log;
            var faults = shards.Missing.IsEmpty ? $"the merge: {LogOfMerge()?.Why ?? "no log"}" : shards.Faults;
            await CancelAsync();
            if (shards.AreRefused)
                throw new SlurmException($"The study was refused: {faults}");
            if (attempt == Attempts)
                throw new SlurmException($"Not complete after {attempt} attempts: {faults}");
            _line.Dispose();
            error.WriteLine($"Not complete: {faults}");
            await SubmitAsync();
        }
    }

    // Where all shards are complete, only the merge is submitted.
    private async Task SubmitAsync()
    {
        var missing = shards.Missing;
        var array = missing.IsEmpty ? null : await queue.SubmitAsync(scripts, missing);
        try
        {
            _merge = await queue.SubmitMergeAsync(scripts, array);
        }
        catch (SlurmException) when (array is not null)
        {
            await queue.CancelAsync([array]);
            throw;
        }

        error.WriteLine(
            array is null
                ? $"Submitted job {_merge}, which merges; all shards are complete."
                : $"Submitted job {array} for shards {string.Join(", ", missing)}, and job {_merge}, which merges."
        );
    }

    private async Task<string?> MergedAsync(CancellationToken cancellation)
    {
        await WaitAsync(task => task.Job == _merge, cancellation);
        await LookAsync(() => LogOfMerge()?.ExitCode is not null, cancellation);
        return LogOfMerge() is { ExitCode: ExitCodes.Done } log ? log.Path : null;
    }

    private SlurmLog? LogOfMerge() => _merge is { } job ? SlurmLog.OfMerge(scripts.Folder, job) : null;

    private async Task WaitAsync(Func<SlurmTask, bool> isAwaited, CancellationToken cancellation)
    {
        await LookAsync(cancellation);
        while (_tasks.Any(isAwaited))
        {
            await Task.Delay(Poll, cancellation);
            await LookAsync(cancellation);
        }
    }

    private async Task LookAsync(Func<bool> isSeen, CancellationToken cancellation)
    {
        for (var look = 1; look < MostLooks && !isSeen(); look++)
        {
            await Task.Delay(Poll, cancellation);
            await LookAsync(cancellation);
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            _tasks = await queue.ListAsync(scripts.Folder, cancellation);
            _silences = 0;
        }
        catch (SlurmException fault) when (++_silences < MostSilences)
        {
            if (_silences == 1)
                error.WriteLine($"{fault.Message} Trying again.");
        }

        shards.Update();
        _line.Show(shards.Kept, shards.Cells, _tasks);
    }

    private async Task<string> EndAsync()
    {
        _line.Dispose();
        try
        {
            return await CancelAsync() is { } jobs ? $"and {jobs} with it" : "with no job in the queue";
        }
        catch (SlurmException fault)
        {
            return $"but its jobs go on ({fault.Message})";
        }
    }

    // All that is queued for the folder; null where nothing is.
    private async Task<string?> CancelAsync()
    {
        var tasks = await queue.ListAsync(scripts.Folder, CancellationToken.None);
        if (tasks.IsEmpty)
            return null;
        await queue.CancelAsync(tasks.Select(task => task.Job).Distinct());
        return Named(tasks);
    }

    private static string Named(ImmutableArray<SlurmTask> tasks) =>
        $"job {string.Join(", ", tasks.Select(task => task.Job).Distinct())}";
}
