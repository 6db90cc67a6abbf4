using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Probing;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Linear probes.</summary>
internal sealed class ProbeCommand
{
    private const int MostSplits = 1000;

    private readonly ModelOptions _model = new();
    private readonly ReportOptions _output = new("probe");
    private readonly Option<string> _prompts = new("--prompts")
    {
        Description =
            "A file of prompts, JSON Lines: {\"prompt\": TEXT, \"label\": CLASS, \"positions\": {NAME: POSITION}} on "
            + "each line; \"prompt_ids\" in place of a text.",
        Required = true,
    };
    private readonly Option<string> _component = new("--component")
    {
        Description = "What is read: block_output, mlp_output, head_attention_value_output, …",
        DefaultValueFactory = _ => ComponentNames.BlockOutput,
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
    private readonly Option<string> _positions = new("--positions")
    {
        Description =
            "Where: all, last, numbers as in 0-3,5 (prompts of equal length), or names in the file as in subject,last.",
        DefaultValueFactory = _ => "last",
    };
    private readonly Option<double> _heldOut = new("--held-out")
    {
        Description = "The share of each class's prompts that are held out, between 0 and 1.",
        DefaultValueFactory = _ => 0.2,
    };
    private readonly Option<int> _splits = new("--splits")
    {
        Description = "How many random splits into fitted and held-out prompts.",
        DefaultValueFactory = _ => 5,
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "The seed of the splits and of the shuffled labels.",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<float> _regularization = new("--regularization")
    {
        Description = "The weight of the squared length of a probe's weights.",
        DefaultValueFactory = _ => 1,
    };

    public static Command Create() => new ProbeCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "probe",
            "Linear probes: can a class be read off a component? Accuracy of logistic regression on held-out prompts, "
                + "layer by layer, beside the same on shuffled labels. Example: onnx-intervene probe --prompts "
                + "prompts.jsonl --component block_output --positions subject,last"
        );
        _model.AddTo(command);
        foreach (
            var option in new Option[]
            {
                _prompts,
                _component,
                _layers,
                _positions,
                _heldOut,
                _splits,
                _seed,
                _regularization,
            }
        )
            command.Add(option);
        _output.AddTo(command);
        _splits.Validators.Add(result => NumberOptions.Require(result, 1, MostSplits));
        _regularization.Validators.Add(result => NumberOptions.RequireNotNegative(result));
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var positions = PromptPositions.Parse(arguments.GetValue(_positions)!);
        using var model = _model.Load(arguments);
        var request = new ProbeRequest
        {
            Prompts = StudyPromptFile.Read(arguments.GetValue(_prompts)!, model),
            Component = arguments.GetValue(_component)!,
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), "--layers"),
            Positions = positions,
            HeldOut = arguments.GetValue(_heldOut),
            Splits = arguments.GetValue(_splits),
            Seed = arguments.GetValue(_seed),
            Regularization = arguments.GetValue(_regularization),
        };
        var journals = new StudyJournals(arguments, _output);
        var result = journals.Run(
            null,
            "Probing",
            (journal, progress) => LinearProbe.Run(model, request, progress, journal, cancellation)
        );
        var report = ProbeReport.Create(model, request, result);
        _output.Publish(arguments, report, cancellation);
        journals.Delete();
        if (!_output.IsJson(arguments))
            StudyText.Write(Terminal.Of(arguments), report);
        return Task.FromResult(ExitCodes.Done);
    }
}
