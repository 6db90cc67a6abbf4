using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>
/// Shows how far jobs are: a moving line on a terminal; elsewhere a line whenever the jobs' states have changed.
/// </summary>
internal sealed class SlurmLine(TerminalWriter error) : IDisposable
{
    private string _shown = "";

    /// <summary>Shows cells and states.</summary>
    /// <param name="kept">How many cells are kept.</param>
    /// <param name="cells">How many there are; 0 where nobody knows yet.</param>
    /// <param name="tasks">The jobs.</param>
    public void Show(int kept, int cells, ImmutableArray<SlurmTask> tasks)
    {
        var states = string.Join(", ", tasks.GroupBy(StateOf).Select(group => $"{group.Count()} {group.Key}"));
        var done = cells > 0 ? $"{kept} of {cells} cells" : "no cells yet";
        if (error.IsWatched)
        {
            error.WipeLine();
            error.Write($"{done}; {states} ");
        }
        else if (states != _shown)
        {
            error.WriteLine($"{done}; {(states.Length > 0 ? states : "no jobs")}");
        }

        _shown = states;
    }

    /// <summary>Takes the moving line back.</summary>
    public void Dispose() => error.WipeLine();

    // Tasks that run have no reason.
    private static string StateOf(SlurmTask task) =>
        $"{(task.Name == SlurmScripts.MergeJob ? "merge " : "")}{task.State.ToLowerInvariant()}"
        + (task.Reason is "None" or "" ? "" : $" ({task.Reason})");
}
