using System.Collections.Immutable;
using System.Text;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>
/// The scripts of a study in shards, for people to read: an array of jobs with a task for each shard, and a job that
/// merges them. What the user wrote stands in them as quoted words of the shell.
/// </summary>
internal sealed record SlurmScripts
{
    /// <summary>What the jobs of shards are called.</summary>
    public const string ShardJob = "onnx-intervene-shard";

    /// <summary>What the merging job is called.</summary>
    public const string MergeJob = "onnx-intervene-merge";

    /// <summary>The folder of scripts, logs, journals and the report; a full path.</summary>
    public required string Folder { get; init; }

    /// <summary>The folder from which the study's paths are read; a full path.</summary>
    public required string WorkingFolder { get; init; }

    /// <summary>What runs this command.</summary>
    public required ImmutableArray<string> Executable { get; init; }

    /// <summary>The study's command and its arguments, without those of shards.</summary>
    public required ImmutableArray<string> Study { get; init; }

    /// <summary>How many shards there are.</summary>
    public required int Shards { get; init; }

    /// <summary>Options of sbatch, such as <c>--partition=gpu</c>.</summary>
    public ImmutableArray<SlurmOption> Options { get; init; } = [];

    /// <summary>Whether the study says itself how many threads it takes.</summary>
    public bool HasThreads { get; init; }

    /// <summary>Where the array's script is written.</summary>
    public string ArrayPath => Path.Combine(Folder, "array.sbatch");

    /// <summary>Where the merging job's script is written.</summary>
    public string MergePath => Path.Combine(Folder, "merge.sbatch");

    /// <summary>Lets a job wait for an array, and end where that fails.</summary>
    public static ImmutableArray<string> DependencyOn(string job) =>
        [$"--dependency=afterok:{job}", "--kill-on-invalid-dep=yes"];

    /// <summary>What is typed to submit both by hand.</summary>
    public string Submission =>
        $"cd {ShellText.Of(Folder)} && id=$(sbatch --parsable array.sbatch) && "
        + $"sbatch {string.Join(' ', DependencyOn("$id"))} merge.sbatch";

    /// <summary>Whether scripts are there that say something else.</summary>
    public bool Differ =>
        (File.Exists(ArrayPath) && !Same(ArrayPath, Array())) || (File.Exists(MergePath) && !Same(MergePath, Merge()));

    /// <summary>Writes both scripts.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Write()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(ArrayPath, Array());
        File.WriteAllText(MergePath, Merge());
    }

    /// <summary>The script of the array.</summary>
    public string Array() =>
        Script(
            "Runs a shard of a study in each task. A task that is started again goes on where its journal ends.",
            [$"--job-name={ShardJob}", $"--array=0-{Shards - 1}", $"--output={SlurmLog.ShardPattern}"],
            [
                string.Join(' ', Study.Select(ShellText.Of)),
                $"--shard \"$SLURM_ARRAY_TASK_ID/{Shards}\"",
                .. HasThreads ? System.Array.Empty<string>() : ["--threads \"$SLURM_CPUS_ON_NODE\""],
                $"--out {ShellText.Of(Folder)}",
            ]
        );

    /// <summary>The script of the merging job.</summary>
    public string Merge() =>
        Script(
            "Makes the report when all shards are done.",
            [$"--job-name={MergeJob}", $"--output={SlurmLog.MergePattern}"],
            [$"merge {ShellText.Of(Folder)}"]
        );

    private string Script(string what, IEnumerable<string> directives, IEnumerable<string> arguments)
    {
        var text = new StringBuilder("#!/bin/bash\n");
        foreach (var directive in directives.Concat(Options.Select(option => option.Text)))
            text.Append("#SBATCH ").Append(directive).Append('\n');
        text.Append("\n# ").Append(what).Append('\n');
        text.Append(
            "# Written by onnx-intervene slurm. Logs are written where sbatch is called, or where --chdir says.\n"
        );
        text.Append(SlurmLog.Trap).Append('\n');
        text.Append("cd -- ").Append(ShellText.Of(WorkingFolder)).Append(" || exit 3\n");
        text.AppendJoin(' ', Executable.Select(ShellText.Of));
        foreach (var argument in arguments)
            text.Append(" \\\n  ").Append(argument);
        return text.Append('\n').ToString();
    }

    private static bool Same(string path, string text)
    {
        using var file = new StreamReader(path);
        return file.ReadToEnd() == text;
    }
}
