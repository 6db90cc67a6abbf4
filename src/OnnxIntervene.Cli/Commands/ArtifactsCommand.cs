using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Training.Artifacts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Writes the files from which ONNX Runtime Training trains an intervention, or weights.</summary>
internal sealed class ArtifactsCommand
{
    private readonly ModelOptions _model = new();
    private readonly Option<string?> _config = new("--config")
    {
        Description = "A configuration of trainable interventions, in pyvene's form or the short one.",
    };
    private readonly Option<string[]> _weights = new("--weights")
    {
        Description = "A weight of the file (an initializer) to train in place of interventions; repeatable.",
    };
    private readonly Option<string> _output = new("--out")
    {
        Description = "The folder for the files.",
        Required = true,
    };
    private readonly Option<string?> _logits = new("--output")
    {
        Description = "The model's output that holds scores of classes. Default: the first.",
    };
    private readonly Option<int> _answerPosition = new("--answer-position")
    {
        Description = "Where the answer is read, if the output has positions; from the end where negative.",
        DefaultValueFactory = _ => -1,
    };
    private readonly Option<int> _length = new("--length")
    {
        Description =
            "How many positions an example has; only needed where the configuration counts from the end or is "
            + "everywhere.",
        DefaultValueFactory = _ => new ArtifactOptions().Length,
    };
    private readonly Option<double> _decay = new("--weight-decay")
    {
        Description = "The decay of the optimiser, AdamW.",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new ArtifactsCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "artifacts",
            "Write training_model.onnx, eval_model.onnx, optimizer_model.onnx and checkpoint, from which the "
                + "TrainingSession of ONNX Runtime Training 1.19.2 trains a configuration's interventions, or weights. "
                + "Example: onnx-intervene artifacts model.onnx --config rotation.json --out training"
        );
        _model.AddTo(command);
        _length.Validators.Add(result => NumberOptions.Require(result, 1, 1_000_000));
        foreach (
            var option in new Option[] { _config, _weights, _output, _logits, _answerPosition, _length, _decay, _json }
        )
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_config) is null == (result.GetValue(_weights) is not { Length: > 0 }))
                result.AddError("Say what is trained: either --config FILE or --weights NAME.");
        });
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var folder = arguments.GetValue(_output)!;
        RefuseModelsFolder(folder, loaded.File);
        var artifacts = Artifacts(arguments, loaded);
        cancellation.ThrowIfCancellationRequested();
        artifacts.Save(folder);
        Write(Terminal.Of(arguments), folder, artifacts, arguments.GetValue(_json));
        return Task.FromResult(ExitCodes.Done);
    }

    private TrainingArtifacts Artifacts(ParseResult arguments, LoadedModel loaded)
    {
        var options = new ArtifactOptions
        {
            Output = arguments.GetValue(_logits),
            AnswerPosition = arguments.GetValue(_answerPosition),
            Length = arguments.GetValue(_length),
            Optimizer = new ArtifactOptions().Optimizer with { WeightDecay = arguments.GetValue(_decay) },
        };
        if (arguments.GetValue(_config) is not { } path)
            return TrainingArtifacts.OfWeights(loaded, arguments.GetValue(_weights)!, options);
        var file = RunFile.Read(path);
        using var model = loaded.With(file.Config);
        return TrainingArtifacts.OfInterventions(model, file.UnitLocations, file.Settings, options);
    }

    private static void RefuseModelsFolder(string folder, ModelFile model)
    {
        if (model.IsIn(folder))
            throw new InterventionException($"--out '{folder}' is the model's own folder. Choose another.");
    }

    private static void Write(Terminal terminal, string folder, TrainingArtifacts artifacts, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    new
                    {
                        Folder = folder,
                        artifacts.Inputs,
                        artifacts.Trained,
                        Frozen = artifacts.Frozen.Length,
                    }
                )
            );
            return;
        }

        terminal.Output.WriteLine(
            $"{folder}: {TrainingArtifacts.TrainingName}, {TrainingArtifacts.EvaluationName}, "
                + $"{TrainingArtifacts.OptimizerName}, {TrainingArtifacts.CheckpointName}"
        );
        terminal.WriteFacts([
            ("a step is fed, in this order", string.Join(", ", artifacts.Inputs)),
            ("trained", string.Join(", ", artifacts.Trained)),
            ("frozen", $"{artifacts.Frozen.Length} parameters"),
        ]);
    }
}
