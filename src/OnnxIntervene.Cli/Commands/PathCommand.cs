using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Paths;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Path patching.</summary>
internal sealed class PathCommand
{
    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("path");
    private readonly StudyPromptOptions _prompts = new();
    private readonly MetricOptions _metrics = new(Metric.LogitDifference);
    private readonly DirectionOptions _direction = new(PatchDirection.Noising);
    private readonly Option<string> _sender = new("--sender")
    {
        Description = "What sends: head_attention_value_output, each head; or mlp_output, each layer.",
        DefaultValueFactory = _ => "head_attention_value_output",
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "The senders' layers. Default: all." };
    private readonly Option<string[]> _receivers = new("--receiver")
    {
        Description =
            "What receives: a component, its layer and head, such as head_query_output.9.6; can be given several "
            + "times, "
            + "and all receive together. Default: the logits.",
    };
    private readonly Option<bool> _recomputes = new("--recompute-mlp")
    {
        Description =
            "Compute feed-forward layers between sender and receivers anew, as Wang et al. 2022 do, in place of "
            + "freezing "
            + "them.",
    };

    public static Command Create() => new PathCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "path",
            "Path patching (Wang et al. 2022): which heads act on the answer, or on other heads, directly? A sender is "
                + "taken from the other run, all else is frozen, and what receivers make of it is put into an "
                + "ordinary run. "
                + "Example: onnx-intervene path --clean \"A young salmon is called a\" --corrupt \"A young elephant is "
                + "called a\" --answer \" fry\" --wrong \" calf\" --receiver head_query_output.5.0"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        foreach (var option in new Option[] { _sender, _layers, _receivers, _recomputes })
            command.Add(option);
        _direction.AddTo(command);
        _metrics.AddTo(command);
        _runs.AddTo(command);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var direction = _direction.Read(arguments);
        ImmutableArray<PathReceiver> receivers =
        [
            .. (arguments.GetValue(_receivers) ?? []).Distinct().Select(PathReceiver.Parse),
        ];
        using var loaded = _model.Load(arguments);
        var request = new PathSweepRequest
        {
            Prompts = _prompts.Read(arguments, loaded),
            Sender = arguments.GetValue(_sender)!,
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name),
            Receivers = receivers,
            RecomputesFeedForward = arguments.GetValue(_recomputes),
            Direction = direction,
            Metrics = _metrics.Read(arguments),
        };
        return new StudyRun<GridResult>(_runs, _output)
        {
            Verb = "Patching paths",
            Plan = options => PathSweep.Plan(loaded, request, options, cancellation),
            Run = (options, progress) => PathSweep.Run(loaded, request, progress, options, cancellation),
            Progress = journals => PathSweep.Progress(loaded, request, journals),
            Merge = journals => PathSweep.Merge(loaded, request, journals),
            Report = (result, _) => PathReport.Create(request, result, loaded),
        }.Execute(arguments, cancellation);
    }
}
