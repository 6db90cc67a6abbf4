using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes the report of shards that were run apart.</summary>
internal sealed class MergeCommand
{
    // Said anew, or without meaning where nothing is run.
    private static readonly string[] s_replaced = ["--shard", "--out", "--merge"];

    private readonly Argument<string[]> _folders = new("FOLDER")
    {
        Description = "The folders that the shards' --out named.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _out = new("--out")
    {
        Description = "The folder for pictures, page, CSV and JSON. Default: the first of the shards' folders.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON in place of tables and pictures." };

    public static Command Create() => new MergeCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "merge",
            "Make the report of a study whose shards were run apart. Example: onnx-intervene patch --prompts "
                + "pairs.jsonl --positions last --shard 0/2 --out sweep; the same with --shard 1/2; onnx-intervene "
                + "merge sweep"
        )
        {
            _folders,
            _out,
            _json,
        };
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var folders = arguments.GetValue(_folders)!;
        var command = CommandOf(ShardFiles.Find(folders)[0]);
        string[] complete =
        [
            .. Without(command),
            .. folders.SelectMany(folder => new[] { "--merge", folder }),
            "--out",
            arguments.GetValue(_out) ?? folders[0],
            .. arguments.GetValue(_json) && !command.Contains("--json") ? new[] { "--json" } : [],
        ];
        Terminal.Of(arguments).Error.WriteLine($"Merging: onnx-intervene {string.Join(' ', complete)}");
        return arguments
            .RootCommandResult.Command.Parse(complete)
            .InvokeAsync(arguments.InvocationConfiguration, cancellation);
    }

    private static ImmutableArray<string> CommandOf(string path) =>
        JournalProgress.Read(path).Command is [var name, ..] command && StudyCommand.Names.Contains(name)
            ? command
            : throw new ModelFormatException(
                $"'{path}' does not begin with the command that made it: {string.Join(", ", StudyCommand.Names)}."
            );

    private static IEnumerable<string> Without(ImmutableArray<string> command)
    {
        for (var index = 0; index < command.Length; index++)
        {
            if (s_replaced.Contains(command[index]))
                index++;
            else
                yield return command[index];
        }
    }
}
