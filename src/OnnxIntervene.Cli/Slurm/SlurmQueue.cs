using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>Slurm's own programs: <c>sbatch</c>, <c>squeue</c> and <c>scancel</c>.</summary>
internal sealed class SlurmQueue
{
    private readonly ExternalProgram _submit = Require("sbatch");
    private readonly ExternalProgram _list = Require("squeue");
    private readonly ExternalProgram _cancel = Require("scancel");

    /// <summary>Submits a script as the array of some shards.</summary>
    /// <returns>The job's number.</returns>
    /// <exception cref="SlurmException">Slurm refused.</exception>
    public Task<string> SubmitAsync(SlurmScripts scripts, IEnumerable<int> shards)
    {
        var array = string.Join(',', shards.Select(shard => shard.ToString(CultureInfo.InvariantCulture)));
        return SubmitAsync(scripts.Folder, [$"--array={array}", scripts.ArrayPath]);
    }

    /// <summary>Submits the merge, which waits until an array has succeeded; at once where there is none.</summary>
    /// <returns>The job's number.</returns>
    /// <exception cref="SlurmException">Slurm refused.</exception>
    public Task<string> SubmitMergeAsync(SlurmScripts scripts, string? array) =>
        SubmitAsync(scripts.Folder, [.. array is null ? [] : SlurmScripts.DependencyOn(array), scripts.MergePath]);

    /// <summary>The jobs of this user that are queued or running in a folder.</summary>
    /// <exception cref="SlurmException">Slurm does not answer.</exception>
    public async Task<ImmutableArray<SlurmTask>> ListAsync(string folder, CancellationToken cancellation)
    {
        var text = await _list.RunAsync(
            ["--me", "--noheader", "--array", $"--format={SlurmTask.Format}"],
            cancellation
        );
        return
        [
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(SlurmTask.Parse)
                .OfType<SlurmTask>()
                .Where(task => task.Folder == folder),
        ];
    }

    /// <summary>Cancels jobs.</summary>
    /// <exception cref="SlurmException">Slurm does not answer.</exception>
    public Task CancelAsync(IEnumerable<string> jobs) => _cancel.RunAsync(jobs, CancellationToken.None);

    // A submission that is broken off may have happened or not.
    private async Task<string> SubmitAsync(string folder, IEnumerable<string> arguments)
    {
        var answer = await _submit.RunAsync(["--parsable", $"--chdir={folder}", .. arguments], CancellationToken.None);
        var job = answer.Trim().Split(';')[0];
        return job.Length > 0 && job.All(char.IsAsciiDigit)
            ? job
            : throw new SlurmException($"sbatch did not answer with a job's number: {answer.Trim()}");
    }

    private static ExternalProgram Require(string name) =>
        ExternalProgram.Find(name)
        ?? throw new SlurmException(
            $"There is no '{name}' on the path, so no job can be submitted from this machine. Call onnx-intervene "
                + "slurm on a login node of the cluster (its programs are Debian's package slurm-client), or write the "
                + "scripts alone with --write-only."
        );
}
