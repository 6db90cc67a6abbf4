using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Comparing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Where two files of one model part.</summary>
internal sealed class DiffCommand
{
    private const string Activations =
        "Or activations that another program saved: .safetensors or .npz with tensors NAME.LAYER.";

    private readonly ModelOptions _a = new("A", "--map-a", Activations + " Its values are taken for right.");
    private readonly ModelOptions _b = new("B", "--map-b", Activations);
    private readonly DiffPrompts _prompts = new();
    private readonly ReportOptions _output = new("diff");
    private readonly Option<string[]> _components = new("--component")
    {
        Description = "What to compare: block_output, mlp_output, … Default: everything that both have.",
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers, such as 0-5,7. Default: all." };

    public static Command Create() => new DiffCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "diff",
            "Where do two files of one model part (two exporters, two precisions, before and after an optimiser), and "
                + "what does it cause? A's values are written into B at one component and layer at a time. Example: "
                + "onnx-intervene diff fp32/model.onnx int4/model.onnx --prompts prompts.txt"
        );
        _a.AddTo(command);
        _b.AddTo(command, runs: false);
        _prompts.AddTo(command);
        command.Add(_components);
        command.Add(_layers);
        _output.AddTo(command);
        command.SetAction((arguments, cancellation) => Task.FromResult(Run(arguments, cancellation)));
        return command;
    }

    private int Run(ParseResult arguments, CancellationToken cancellation)
    {
        var (a, b) = (_a.Path(arguments), _b.Path(arguments));
        try
        {
            return Run(arguments, a, b, cancellation);
        }
        catch (OperationCanceledException fault) when (File.Exists(JournalOf(arguments)))
        {
            throw StudyCancelledException.Of(JournalOf(arguments), fault);
        }
    }

    private int Run(ParseResult arguments, string a, string b, CancellationToken cancellation) =>
        (ActivationFile.IsOne(a), ActivationFile.IsOne(b)) switch
        {
            (true, true) => throw new InterventionException(
                "A and B are both files of activations; one must be a model, whose values are intervened on."
            ),
            (true, false) => WithFile(arguments, a, _b, cancellation),
            (false, true) => WithFile(arguments, b, _a, cancellation),
            _ => WithModels(arguments, cancellation),
        };

    private int WithModels(ParseResult arguments, CancellationToken cancellation)
    {
        var execution = _a.Execution(arguments);
        using var a = _a.Load(arguments, execution);
        using var b = _b.Load(arguments, execution);
        var request = Request(arguments, b, a.HasTokenizer ? a : b);
        var terminal = Terminal.Of(arguments);
        using var progress = new ProgressLine(terminal.Error, "Comparing");
        var result = ModelComparison.Run(a, b, request, progress, cancellation);
        progress.Dispose();
        Publish(arguments, new DiffReport(Shown(a.File.Path), Shown(b.File.Path), result), cancellation);
        return ExitCodes.Done;
    }

    // Values can be written into a model alone, so the file is A whatever the order.
    private int WithFile(ParseResult arguments, string path, ModelOptions options, CancellationToken cancellation)
    {
        var file = ActivationFile.Open(path);
        using var model = options.Load(arguments, _a.Execution(arguments));
        var terminal = Terminal.Of(arguments);
        using var progress = new ProgressLine(terminal.Error, "Comparing");
        var request = Request(arguments, model, model);
        var result = ModelComparison.Run(file, model, request, progress, cancellation);
        progress.Dispose();
        Publish(arguments, new DiffReport(Shown(path), Shown(model.File.Path), result), cancellation);
        return ExitCodes.Done;
    }

    private ModelComparisonRequest Request(ParseResult arguments, LoadedModel model, LoadedModel reader) =>
        new()
        {
            Prompts = _prompts.Read(arguments, model, reader),
            Components = [.. arguments.GetValue(_components) ?? []],
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), "--layers"),
            Journal = JournalOf(arguments),
            Command = [.. arguments.Tokens.Select(token => token.Value)],
        };

    private string JournalOf(ParseResult arguments) =>
        ShardFiles.PathOf(_output.Folder(arguments), _output.Name, SweepShard.Whole);

    private void Publish(ParseResult arguments, DiffReport report, CancellationToken cancellation)
    {
        _output.Publish(arguments, report.Create(), cancellation);
        File.Delete(JournalOf(arguments));
        if (!_output.IsJson(arguments) && report.Shown().ToList() is { Count: > 0 } rows)
            Terminal.Of(arguments).WriteTable(DiffReport.Columns, rows);
    }

    // Files of one model are often called the same; their folders tell them apart.
    private static string Shown(string path)
    {
        var full = Path.GetFullPath(path);
        return Path.Combine(
            Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(full))) ?? "",
            Path.GetFileName(Path.GetDirectoryName(full)) ?? "",
            Path.GetFileName(full)
        );
    }
}
