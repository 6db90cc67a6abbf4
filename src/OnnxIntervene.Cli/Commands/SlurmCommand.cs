using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Cli.Slurm;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Runs a study's shards as jobs of a Slurm cluster.</summary>
internal sealed class SlurmCommand
{
    /// <summary>What the command is called.</summary>
    public const string Name = "slurm";

    private const int MostShards = 100_000;
    private const double LeastPoll = 0.1;

    private readonly Option<int> _shards = new("--shards")
    {
        Description = "Into how many parts the study is dealt; each is a task of one array job.",
        Required = true,
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "The folder for scripts, logs, journals and the report; every node must see it.",
        Required = true,
    };

    private readonly Option<string[]> _options = new("--sbatch")
    {
        Description = "An option of sbatch, such as --sbatch=--partition=gpu; can be given several times.",
    };

    private readonly Option<int> _attempts = new("--attempts")
    {
        Description = "How often the shards that are not complete are submitted.",
        DefaultValueFactory = _ => 3,
    };

    private readonly Option<double> _poll = new("--poll")
    {
        Description = "Seconds between two looks at the queue.",
        DefaultValueFactory = _ => 10,
    };

    private readonly Option<bool> _detach = new("--detach")
    {
        Description = "Submit, and do not follow; the same command without it follows what is queued.",
    };

    private readonly Option<bool> _writeOnly = new("--write-only")
    {
        Description = "Write the scripts, and submit nothing.",
    };

    private readonly Argument<string[]> _study = new("STUDY")
    {
        Description = "After --: patch, trace, ablate, path, attribute or das, with its own arguments.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create() => new SlurmCommand().Build();

    private Command Build()
    {
        var command = new Command(
            Name,
            "Run a study on a cluster: write and submit an array job with a task for each shard, and a job that "
                + "merges them; follow both, and resubmit what failed. Ctrl-C cancels the jobs; cells that were "
                + "measured are kept. Example: onnx-intervene slurm --shards 16 --out sweep --sbatch=--gres=gpu:1 -- "
                + "patch model --prompts pairs.jsonl"
        )
        {
            _shards,
            _out,
            _options,
            _attempts,
            _poll,
            _detach,
            _writeOnly,
            _study,
        };
        _shards.Validators.Add(result => NumberOptions.Require(result, 2, MostShards));
        _attempts.Validators.Add(result => NumberOptions.Require(result, 1, 1000));
        _poll.Validators.Add(NumberOptions.RequireNotNegative);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var error = Terminal.Of(arguments).Error;
        var study = StudyCommand.Parse(arguments.RootCommandResult.Command, arguments.GetValue(_study)!);
        var scripts = Scripts(arguments, study);
        var queue = arguments.GetValue(_writeOnly) ? null : new SlurmQueue();
        ShardFiles.RequireCount(scripts.Folder, study.Name, scripts.Shards);
        await study.CheckAsync(scripts.Folder, arguments.InvocationConfiguration.Error, cancellation);
        if (queue is null)
        {
            scripts.Write();
            error.WriteLine($"Wrote {scripts.ArrayPath}, {scripts.MergePath}. To submit them: {scripts.Submission}");
            return ExitCodes.Done;
        }

        using var run = new SlurmStudy(queue, scripts, Shards(scripts, study), error)
        {
            Attempts = arguments.GetValue(_attempts),
            Poll = TimeSpan.FromSeconds(Math.Max(LeastPoll, arguments.GetValue(_poll))),
            IsDetached = arguments.GetValue(_detach),
        };
        if (await run.RunAsync(cancellation) is { } log)
            Terminal
                .Of(arguments)
                .Output.WriteLine($"Merged: {Path.Combine(scripts.Folder, study.Name)}.html; what it says: {log}");
        return ExitCodes.Done;
    }

    private static SlurmShards Shards(SlurmScripts scripts, StudyCommand study) =>
        new(scripts.Folder, study.Name, scripts.Shards);

    private SlurmScripts Scripts(ParseResult arguments, StudyCommand study) =>
        new()
        {
            Folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(arguments.GetValue(_out)!)),
            WorkingFolder = Directory.GetCurrentDirectory(),
            Executable = Executable(),
            Study = study.Arguments,
            Shards = arguments.GetValue(_shards),
            Options = [.. (arguments.GetValue(_options) ?? []).Select(SlurmOption.Parse)],
            HasThreads = study.Has("--threads"),
        };

    // What runs now: the program itself, or dotnet with it.
    private static ImmutableArray<string> Executable()
    {
        var path = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(path) switch
        {
            "onnx-intervene" => [path],
            "dotnet" => [path, Path.Combine(AppContext.BaseDirectory, "onnx-intervene.dll")],
            _ => ["dotnet", Path.Combine(AppContext.BaseDirectory, "onnx-intervene.dll")],
        };
    }
}
