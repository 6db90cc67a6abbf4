using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Cli.Commands;

namespace OnnxIntervene.Cli;

/// <summary>The command with its subcommands.</summary>
internal static class CommandTree
{
    private const string Description = """
        Causal interventions on exported ONNX models: see, swap, add to or zero any component.

        MODEL is an .onnx file, a folder with a model.onnx, or hf:owner/name on the Hugging Face Hub; without it, the
        small GPT-2 that comes with the tool is used. Example:
          onnx-intervene trace --prompt "The Space Needle is located in the city of" --subject "Space Needle" \
            --answer " Seattle"

        Exit codes: 0 done; 1 the request is refused; 2 a file is missing or malformed; 3 this machine failed (ONNX
        Runtime, disk); 4 the Hub or the network failed; 130 cancelled. With --json, an error is printed as
        {"error": {"kind": "request|file|machine|network|cancelled", "message": …, "exit_code": …}} in place of a
        result.
        """;

    // Options that name a file or a folder.
    private static readonly HashSet<string> s_paths =
    [
        "--out",
        "--save",
        "--config",
        "--map",
        "--map-a",
        "--map-b",
        "--write-map",
        "--base-file",
        "--source-file",
        "--prompts",
        "--data",
        "--test",
        "--causal",
        "--vector",
        "--pairs",
        "--merge",
        "--template",
        "--along",
        "--neutral",
    ];

    /// <summary>The largest file that any command reads.</summary>
    public static Option<long?> FileLimit { get; } = FileLimitOption.Create();

    public static RootCommand Create()
    {
        var root = new RootCommand(Description)
        {
            InspectCommand.Create(),
            RunCommand.Create(),
            GenerateCommand.Create(),
            SteerTrainCommand.Create(),
            SteerCommand.Create(),
            CompareCommand.Create(),
            SteerSearchCommand.Create(),
            ChatCommand.Create(),
            CollectCommand.Create(),
            TraceCommand.Create(),
            PatchCommand.Create(),
            AttributeCommand.Create(),
            CircuitCommand.Create(),
            AblateCommand.Create(),
            PathCommand.Create(),
            DasCommand.Create(),
            IitCommand.Create(),
            CurveCommand.Create(),
            MergeCommand.Create(),
            SlurmCommand.Create(),
            LogitLensCommand.Create(),
            PatternCommand.Create(),
            ProbeCommand.Create(),
            DiffCommand.Create(),
            CheckCommand.Create(),
            SpliceCommand.Create(),
            BakeCommand.Create(),
            ArtifactsCommand.Create(),
            PullCommand.Create(),
            PushCommand.Create(),
            ProvidersCommand.Create(),
            FileLimit,
        };
        AddValidators(root);
        return root;
    }

    private static void AddValidators(RootCommand root)
    {
        foreach (var option in root.Subcommands.SelectMany(command => command.Options))
        {
            if (s_paths.Contains(option.Name))
                option.Validators.Add(RequirePath);
            if (NumberOptions.TakesFractions(option))
                option.Validators.Add(NumberOptions.RefuseCommas);
        }

        foreach (var argument in root.Subcommands.SelectMany(command => command.Arguments))
        {
            if (argument.Arity.MaximumNumberOfValues == 1)
                argument.Validators.Add(RefuseOption);
        }
    }

    // An option that is misspelt would be read as a model, and its value as what is too much.
    private static void RefuseOption(ArgumentResult result)
    {
        foreach (var token in result.Tokens.Where(token => token.Value.StartsWith("--", StringComparison.Ordinal)))
            result.AddError($"There is no option {token.Value}.");
    }

    // An empty path would mean the current folder.
    private static void RequirePath(OptionResult result)
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"{result.Option.Name} needs a path; it is empty.");
    }
}
