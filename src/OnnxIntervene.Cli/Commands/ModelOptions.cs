using System.CommandLine;
using Microsoft.Extensions.Logging;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Hub;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The model and how it runs: the options of every command that runs one.</summary>
internal sealed class ModelOptions
{
    private readonly Argument<string?> _model;
    private readonly Option<string?> _map;

    private readonly Option<string> _provider = new("--provider")
    {
        Description = "The execution provider of ONNX Runtime: cpu, cuda, …",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<int?> _threads = new("--threads")
    {
        Description = "How many threads an operator may use. Default: ONNX Runtime decides.",
    };

    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Say on stderr which sessions are opened and closed, and what ONNX Runtime logs.",
    };

    // ONNX Runtime starts each of them, whether the machine can run them at once or not.
    private static readonly int s_mostThreads = Math.Max(64, 4 * Environment.ProcessorCount);

    private string? _path;

    /// <summary>The model of a command that takes one, or none for the default.</summary>
    public ModelOptions()
        : this("MODEL", "--map", "Default: the model that comes with the tool.", ArgumentArity.ZeroOrOne) { }

    /// <summary>One of several models.</summary>
    /// <param name="name">What it is called in the command's help.</param>
    /// <param name="map">The option of its component map.</param>
    /// <param name="remark">What else it may be.</param>
    public ModelOptions(string name, string map, string remark)
        : this(name, map, remark, ArgumentArity.ExactlyOne) { }

    private ModelOptions(string name, string map, string remark, ArgumentArity arity)
    {
        _model = new(name)
        {
            Description =
                "An .onnx file, a folder that holds one, or hf:owner/name[@revision][/file] on the Hugging Face Hub. "
                + remark,
            Arity = arity,
        };
        _map = new(map)
        {
            Description =
                "A component map to use in place of what is found, or in addition to it: see inspect --write-map.",
        };
    }

    /// <summary>Adds the model to a command, and with <paramref name="runs"/> how it runs.</summary>
    public void AddTo(Command command, bool runs = true)
    {
        command.Add(_model);
        command.Add(_map);
        if (!runs)
            return;
        _threads.Validators.Add(result => NumberOptions.Require(result, 1, s_mostThreads));
        command.Add(_provider);
        command.Add(_threads);
        command.Add(_verbose);
    }

    /// <summary>The model's path on this machine; a model on the Hub is pulled when it is first asked for.</summary>
    public string Path(ParseResult arguments) =>
        _path ??= arguments.GetValue(_model) switch
        {
            null => System.IO.Path.Combine(AppContext.BaseDirectory, "models", "facts-gpt2"),
            { } reference when HubReference.IsReference(reference) => Pull(reference, Terminal.Of(arguments).Error),
            { } path => path,
        };

    /// <summary>The user's own component map; no entries when there is none.</summary>
    public ComponentOverrides Map(ParseResult arguments) =>
        arguments.GetValue(_map) is { } path ? ComponentMapFile.Read(path) : ComponentOverrides.None;

    /// <summary>The model without interventions. The caller disposes it.</summary>
    public LoadedModel Load(ParseResult arguments, bool usesRecord = true) =>
        Load(arguments, Execution(arguments), usesRecord);

    /// <summary>The model, run as another one's options say. The caller disposes it.</summary>
    public LoadedModel Load(ParseResult arguments, ExecutionOptions execution, bool usesRecord = true) =>
        LoadedModel.Load(Path(arguments), execution, Map(arguments), usesRecord);

    /// <summary>How ONNX Runtime runs models.</summary>
    public ExecutionOptions Execution(ParseResult arguments) =>
        new()
        {
            Provider = arguments.GetValue(_provider)!,
            Threads = arguments.GetValue(_threads) ?? new ExecutionOptions().Threads,
            Logger = new TerminalLogger(
                Terminal.Of(arguments).Error,
                arguments.GetValue(_verbose) ? LogLevel.Debug : LogLevel.Warning
            ),
        };

    private static string Pull(string reference, TerminalWriter error)
    {
        using var progress = new TransferLine(error);
        return HubModel.Locate(reference, HubOptions.FromEnvironment(), progress);
    }
}
