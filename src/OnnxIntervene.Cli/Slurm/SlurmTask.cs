using System.Globalization;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>A task of an array, or a job that is none, as Slurm's queue has it.</summary>
/// <param name="Job">The number of the job.</param>
/// <param name="Index">The number of the task in its array; null for a job that is none.</param>
/// <param name="State">Slurm's word: PENDING, RUNNING, …</param>
/// <param name="Reason">Why it waits.</param>
/// <param name="Name">The job's name.</param>
/// <param name="Folder">Where it works.</param>
internal sealed record SlurmTask(string Job, int? Index, string State, string Reason, string Name, string Folder)
{
    /// <summary>What the queue is asked for: these fields; the folder, which may be called anything, is last.</summary>
    public const string Format = "%F|%K|%T|%r|%j|%Z";

    /// <summary>Reads a line of the queue; null for one that is none.</summary>
    public static SlurmTask? Parse(string line) =>
        line.Split('|', 6) is [var job, var index, var state, var reason, var name, var folder]
            ? new SlurmTask(
                job.Trim(),
                int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
                state,
                reason,
                name,
                folder
            )
            : null;
}
