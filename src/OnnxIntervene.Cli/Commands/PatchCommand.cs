using System.CommandLine;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Activation patching.</summary>
internal sealed class PatchCommand
{
    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("patch");
    private readonly StudyPromptOptions _prompts = new();
    private readonly UnitOptions _units = new("block_output");
    private readonly MetricOptions _metrics = new(Metric.LogitDifference);
    private readonly DirectionOptions _direction = new(PatchDirection.Denoising);

    public static Command Create() => new PatchCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "patch",
            "Activation patching: which component at which layer and token carries the answer? Example: "
                + "onnx-intervene patch --clean \"A young salmon is called a\" --corrupt \"A young elephant is "
                + "called a\" --answer \" fry\" --wrong \" calf\". Without a tokenizer: onnx-intervene patch "
                + "model.onnx --clean-ids 32,1862,17 --corrupt-ids 32,1862,94 --answer-id 351 --wrong-id 902. Many "
                + "prompts: onnx-intervene patch --prompts pairs.jsonl --positions subject,last"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _units.AddTo(command);
        _metrics.AddTo(command);
        _direction.AddTo(command);
        _runs.AddTo(command);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var direction = _direction.Read(arguments);
        using var loaded = _model.Load(arguments);
        var request = _units.Request(arguments, _prompts.Read(arguments, loaded), direction) with
        {
            Metrics = _metrics.Read(arguments),
        };
        return new StudyRun<GridResult>(_runs, _output)
        {
            Verb = "Patching",
            Plan = options => PatchSweep.Plan(loaded, request, options, cancellation),
            Run = (options, progress) => PatchSweep.Run(loaded, request, progress, options, cancellation),
            Progress = journals => PatchSweep.Progress(loaded, request, journals),
            Merge = journals => PatchSweep.Merge(loaded, request, journals),
            Report = (result, _) => PatchReport.Create(request, result, loaded),
        }.Execute(arguments, cancellation);
    }
}
