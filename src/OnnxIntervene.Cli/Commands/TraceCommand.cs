using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Tracing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Causal tracing.</summary>
internal sealed class TraceCommand
{
    private const int SmallestWindow = 3;

    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("trace");
    private readonly TracePromptOptions _prompts = new();
    private readonly NoiseOptions _noise = new();
    private readonly MetricOptions _metrics = new(Metric.Probability);
    private readonly Option<int?> _window = new("--window")
    {
        Description =
            "Layers restored together for mlp_output and attention_output. Default: a fifth of the layers, at "
            + "least 3.",
    };
    private readonly Option<string?> _columns = new("--columns")
    {
        Description =
            "What the columns are: positions, which is usual for one prompt; roles (first, middle and last subject "
            + "token, "
            + "first subsequent token, further tokens, last token), usual for several; or names of positions: "
            + "subject,last.",
    };

    public static Command Create() => new TraceCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "trace",
            "Causal tracing (Meng et al. 2022): where does the model store what it knows about a subject? Example: "
                + "onnx-intervene trace --prompt \"The Space Needle is located in the city of\" --subject \"Space "
                + "Needle\" --answer \" Seattle\". Without a tokenizer: onnx-intervene trace model.onnx --prompt-ids "
                + "464,4687,3820 --subject-positions 1-2 --answer-id 7312. Many prompts: onnx-intervene trace "
                + "--prompts "
                + "facts.jsonl"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _noise.AddTo(command);
        command.Add(_window);
        command.Add(_columns);
        _metrics.AddTo(command);
        _runs.AddTo(command);
        _output.AddTo(command);
        _window.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var request = Request(arguments, loaded);
        return new StudyRun<GridResult>(_runs, _output)
        {
            Verb = "Restoring",
            Plan = options => CausalTrace.Plan(loaded, request, options, cancellation),
            Run = (options, progress) => CausalTrace.Run(loaded, request, progress, options, cancellation),
            Progress = journals => CausalTrace.Progress(loaded, request, journals),
            Merge = journals => CausalTrace.Merge(loaded, request, journals),
            Report = (result, _) => TraceReport.Create(request, _noise.Describe(arguments), result, loaded),
        }.Execute(arguments, cancellation);
    }

    private CausalTraceRequest Request(ParseResult arguments, LoadedModel model)
    {
        var prompts = _prompts.Read(arguments, model);
        var window = arguments.GetValue(_window) ?? Math.Max(SmallestWindow, model.Components.LayerCount / 5);
        var (columns, names) = Columns(arguments, prompts.Length);
        return new CausalTraceRequest
        {
            Prompts = prompts,
            Noise = _noise.Create(arguments, model, prompts),
            Columns = columns,
            PositionNames = names,
            Metrics = _metrics.Read(arguments),
            Targets =
            [
                new(ComponentNames.BlockOutput, 1),
                new(ComponentNames.MlpOutput, window),
                new(ComponentNames.AttentionOutput, window),
            ],
        };
    }

    private (TraceColumns Columns, ImmutableArray<string> Names) Columns(ParseResult arguments, int prompts) =>
        arguments.GetValue(_columns) switch
        {
            null => (prompts == 1 ? TraceColumns.Positions : TraceColumns.Roles, []),
            "positions" => (TraceColumns.Positions, []),
            "roles" => (TraceColumns.Roles, []),
            var names => (TraceColumns.Names, [.. names.Split(',', StringSplitOptions.TrimEntries).Distinct()]),
        };
}
