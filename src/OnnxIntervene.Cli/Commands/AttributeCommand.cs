using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Attribution patching: estimates of what patching would measure, by gradients.</summary>
internal sealed class AttributeCommand
{
    private readonly ModelOptions _model = new();
    private readonly ReportOptions _output = new("attribute");
    private readonly StudyPromptOptions _prompts = new();
    private readonly UnitOptions _units = new("block_output");
    private readonly DirectionOptions _direction = new(PatchDirection.Denoising);
    private readonly Option<bool> _compare = new("--compare")
    {
        Description = "Run activation patching too, and show how well the estimates agree with it.",
    };

    public static Command Create() => new AttributeCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "attribute",
            "Attribution patching: what patching every layer, position or head would do to the logit difference, "
                + "estimated from one run back. Example: onnx-intervene attribute --clean \"A young salmon is "
                + "called a\" --corrupt \"A young elephant is called a\" --answer \" fry\" --wrong \" calf\" "
                + "--component mlp_output --component attention_output --compare. Many prompts: onnx-intervene "
                + "attribute --prompts pairs.jsonl --positions subject,last"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _units.AddTo(command);
        _direction.AddTo(command);
        command.Add(_compare);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var direction = _direction.Read(arguments);
        using var loaded = _model.Load(arguments);
        var request = _units.Request(arguments, _prompts.Read(arguments, loaded), direction);
        var error = Terminal.Of(arguments).Error;
        GridResult estimated;
        using (var progress = new ProgressLine(error, "Estimating"))
            estimated = AttributionSweep.Run(loaded, request, progress, cancellation);
        GridResult? measured = null;
        if (arguments.GetValue(_compare))
        {
            using var progress = new ProgressLine(error, "Patching");
            measured = PatchSweep.Run(loaded, request, progress, cancellation: cancellation);
        }

        var report = PatchReport.Create(request, estimated, loaded, measured, isEstimate: true);
        _output.Publish(arguments, report, cancellation);
        return Task.FromResult(ExitCodes.Done);
    }
}
