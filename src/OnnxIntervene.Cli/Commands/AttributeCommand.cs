using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Attribution patching: estimates of what patching would measure, by gradients.</summary>
internal sealed class AttributeCommand
{
    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new() { RunsCells = false };
    private readonly ReportOptions _output = new("attribute");
    private readonly StudyPromptOptions _prompts = new();
    private readonly UnitOptions _units = new("block_output");
    private readonly MetricOptions _metrics = new(Metric.LogitDifference, needsGradient: true);
    private readonly DirectionOptions _direction = new(PatchDirection.Denoising);
    private readonly Option<int> _steps = new("--steps")
    {
        Description =
            "Integrated gradients: the mean gradient at this many points of the way of each component from what it is "
            + "to what is put in, a component at a time. Costs as many runs for each layer and component. Default: 0, "
            + "the gradient of the run that is patched.",
        HelpName = "count",
    };
    private readonly Option<bool> _compare = new("--compare")
    {
        Description =
            "Run activation patching too, and show how well the estimates agree with it: the correlation of each "
            + "component's cells, and the cells that differ most.",
    };

    public static Command Create() => new AttributeCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "attribute",
            "Attribution patching: what patching every layer, position or head would do to the logit difference or "
                + "another metric, estimated from one run back. Example: onnx-intervene attribute --clean \"A young "
                + "salmon is called a\" --corrupt \"A young elephant is called a\" --answer \" fry\" --wrong "
                + "\" calf\" --component mlp_output --component attention_output --compare. Many prompts: "
                + "onnx-intervene attribute --prompts pairs.jsonl --positions subject,last --steps 8"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _units.AddTo(command);
        _metrics.AddTo(command);
        _direction.AddTo(command);
        command.Add(_steps);
        command.Add(_compare);
        _runs.AddTo(command);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var direction = _direction.Read(arguments);
        var steps = arguments.GetValue(_steps);
        if (steps < 0)
            throw new InterventionException($"{_steps.Name}: {steps} is not a number of steps; give 0 or more.");
        using var loaded = _model.Load(arguments);
        var request = new AttributionRequest
        {
            Patching = _units.Request(arguments, _prompts.Read(arguments, loaded), direction) with
            {
                Metrics = _metrics.Read(arguments),
            },
            Steps = steps,
        };
        return new StudyRun<GridResult>(_runs, _output)
        {
            Verb = "Estimating",
            Plan = options => AttributionSweep.Plan(loaded, request, options),
            Run = (options, progress) => AttributionSweep.Run(loaded, request, progress, options, cancellation),
            Progress = journals => AttributionSweep.Progress(loaded, request, journals),
            Merge = journals => AttributionSweep.Merge(loaded, request, journals),
            Report = (result, measured) => Report(loaded, request, result, measured),
            Compared = arguments.GetValue(_compare) ? Patching(loaded, request.Patching, cancellation) : null,
        }.Execute(arguments, cancellation);
    }

    private static StudyPart Patching(LoadedModel model, PatchSweepRequest request, CancellationToken cancellation) =>
        new()
        {
            Suffix = "patch",
            Verb = "Patching",
            Run = (options, progress) => PatchSweep.Run(model, request, progress, options, cancellation),
            Progress = journals => PatchSweep.Progress(model, request, journals),
            Merge = journals => PatchSweep.Merge(model, request, journals),
        };

    private static Report Report(
        LoadedModel model,
        AttributionRequest request,
        GridResult result,
        GridResult? measured
    ) =>
        PatchReport.Create(
            request.Patching,
            result,
            model,
            new PatchEstimate(
                request.Steps,
                measured is null ? [] : AttributionComparison.Of(result, measured, request.Patching.Direction)
            )
        );
}
