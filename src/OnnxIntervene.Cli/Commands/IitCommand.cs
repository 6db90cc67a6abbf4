using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Tuning;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Interchange intervention training of a model's own weights.</summary>
internal sealed class IitCommand
{
    private const string ModelFolder = "model";

    // What --at needs to be told, and --config holds.
    private static readonly string[] s_ofSites = ["--component", "--kind", "--rank"];

    private readonly ModelOptions _model = new();
    private readonly ReportOptions _output = new("iit");
    private readonly DasDataOptions _data = new();
    private readonly LearningOptions _learning = new(1e-3);
    private readonly VariableSiteOption _at = new("Where a variable shall be:");
    private readonly KindOption _kind = new(
        "How variables are interchanged, by pyvene's name. Default: VanillaIntervention, which swaps neurons; "
            + "RotatedSpaceIntervention swaps random directions."
    );
    private readonly Option<string?> _config = new("--config")
    {
        Description = "A configuration of the interventions, one for each variable, in place of --at.",
    };
    private readonly Option<string> _component = new("--component")
    {
        Description = "The component of --at: block_output, mlp_output, head_attention_value_output, …",
        DefaultValueFactory = _ => ComponentNames.BlockOutput,
    };
    private readonly Option<int> _rank = new("--rank")
    {
        Description = "How many dimensions each variable gets. Default: as many as there are.",
    };
    private readonly Option<string?> _answerPosition = new("--answer-position")
    {
        Description = "Where the answer is read. Default: the last token.",
    };
    private readonly Option<string[]> _weights = new("--weights")
    {
        Description =
            "A weight of the file (an initializer) to train; can be given several times. Default: every matrix and "
            + "vector of 32-bit floats.",
    };
    private readonly Option<bool> _onlyInterchanges = new("--only-interchanges")
    {
        Description = "Do not also learn the right answers to the bases alone.",
    };
    private readonly PatienceOptions _patience = new("the training");
    private readonly Option<bool> _explain = new("--explain")
    {
        Description = "Only tell what would be trained, and what a step of the training takes.",
    };
    private readonly Option<int> _every = new("--checkpoint-every")
    {
        Description = "Steps between two checkpoints.",
        DefaultValueFactory = _ => new InterchangeTrainingOptions().CheckpointEvery,
    };

    public static Command Create() => new IitCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "iit",
            "Interchange intervention training: train the model's own weights, so that components stand for variables "
                + "of a causal model, and write a plain model. Ended early, it goes on from its --out. Example: "
                + "onnx-intervene iit --causal examples/agreement.json --at plural=3:head --rank 32 --out iit"
        );
        _model.AddTo(command);
        _data.AddTo(command);
        foreach (var option in new Option<int>[] { _rank, _every })
            option.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        command.Add(_config);
        _at.AddTo(command);
        command.Add(_component);
        _kind.AddTo(command);
        foreach (var option in new Option[] { _rank, _answerPosition, _weights, _onlyInterchanges, _every })
            command.Add(option);
        _patience.AddTo(command);
        _learning.AddTo(command);
        command.Add(_explain);
        _output.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_config) is null == result.GetResult("--at") is null)
                result.AddError("Say where variables shall be: either --at NAME=LAYER:POSITION or --config FILE.");
            foreach (var name in s_ofSites)
            {
                if (result.GetValue(_config) is not null && result.GetResult(name) is OptionResult { Implicit: false })
                    result.AddError($"{name} belongs to --at; --config says itself what its interventions are.");
            }
        });
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var request = Request(arguments, loaded);
        if (arguments.GetValue(_explain))
            return Explain(arguments, InterchangeTraining.Explain(loaded, request));
        var folder = _output.Folder(arguments);
        var options = new InterchangeTrainingOptions
        {
            Checkpoint = Path.Combine(folder, $"{_output.Name}.checkpoint.safetensors"),
            CheckpointEvery = arguments.GetValue(_every),
            Log = Path.Combine(folder, $"{_output.Name}-log.jsonl"),
        };
        var result = Train(arguments, loaded, request, options, cancellation);
        _output.Publish(
            arguments,
            IitReport.Create(request, result, loaded, TrainingLog.Read(options.Log), Path.Combine(folder, ModelFolder)),
            cancellation
        );
        File.Delete(options.Checkpoint);
        return Task.FromResult(ExitCodes.Done);
    }

    private Task<int> Explain(ParseResult arguments, WeightExplanation explanation)
    {
        var terminal = Terminal.Of(arguments);
        if (_output.IsJson(arguments))
            terminal.Output.WriteJson(JsonText.Of(explanation));
        else
            terminal.WriteFacts([.. IitReport.Facts(explanation).Select(fact => (fact.Name, fact.Value))]);
        return Task.FromResult(ExitCodes.Done);
    }

    private InterchangeTrainingResult Train(
        ParseResult arguments,
        LoadedModel loaded,
        InterchangeTrainingRequest request,
        InterchangeTrainingOptions options,
        CancellationToken cancellation
    )
    {
        var folder = Path.Combine(_output.Folder(arguments), ModelFolder);
        using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Training, steps");
        try
        {
            return InterchangeTraining.Run(loaded, request, folder, options, progress, cancellation);
        }
        catch (OperationCanceledException fault) when (File.Exists(options.Checkpoint))
        {
            throw StudyCancelledException.Of(options.Checkpoint!, fault);
        }
    }

    private InterchangeTrainingRequest Request(ParseResult arguments, LoadedModel loaded)
    {
        var data = _data.Read(arguments, loaded, _learning.Seed(arguments));
        var (training, aside) = _patience.Parts(arguments, data.Training, _learning.Seed(arguments));
        var (config, place) = arguments.GetValue(_config) is { } path
            ? Configured(path)
            : AtSites(arguments, loaded, data);
        return new InterchangeTrainingRequest
        {
            Config = config,
            Place = place with { AnswerPosition = AnswerPosition(arguments) },
            Training = training,
            Test = data.Test,
            HeldOut = aside,
            Patience = _patience.Patience(arguments),
            MeasureEvery = _patience.MeasureEvery(arguments),
            Weights = [.. arguments.GetValue(_weights) ?? []],
            LearnsTask = !arguments.GetValue(_onlyInterchanges),
            Steps = _learning.Steps(arguments),
            BatchSize = _learning.Batch(arguments),
            Seed = _learning.Seed(arguments),
            Options = _learning.Options(arguments),
        };
    }

    private (IntervenableConfig Config, InterchangePlace Place) AtSites(
        ParseResult arguments,
        LoadedModel loaded,
        DasData data
    ) =>
        AlignmentSites.Of(
            loaded,
            new AlignmentRequest
            {
                Training = data.Training,
                Test = data.Test,
                Kind = _kind.Read(arguments) ?? InterventionType.Vanilla,
                Component = arguments.GetValue(_component)!,
                Sites = _at.Read(arguments, data.Variables),
                Rank = arguments.GetValue(_rank),
                Seed = _learning.Seed(arguments),
            }
        );

    private (IntervenableConfig Config, InterchangePlace Place) Configured(string path)
    {
        var file = RunFile.Read(path);
        return file.Settings is { Coefficients.IsDefaultOrEmpty: true, SourceRepresentations.IsDefaultOrEmpty: true }
            ? (
                file.Config,
                new InterchangePlace { UnitLocations = file.UnitLocations, Subspaces = file.Settings.Subspaces }
            )
            : throw new InterventionException(
                $"{_config.Name} '{path}': coefficients and constant sources are no interchanges. Leave them out."
            );
    }

    private ExamplePosition? AnswerPosition(ParseResult arguments) =>
        arguments.GetValue(_answerPosition) is { } text ? ExamplePosition.Parse(text) : null;
}
