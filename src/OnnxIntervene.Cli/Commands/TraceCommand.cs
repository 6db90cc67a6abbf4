using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Causal tracing.</summary>
internal sealed class TraceCommand
{
    private const int SmallestWindow = 3;
    private const int MostSamples = 10_000;

    private readonly ModelOptions _model = new();
    private readonly SweepOptions _output = new("trace");
    private readonly Option<string> _prompt = new("--prompt")
    {
        Description = "The text, up to where the answer follows.",
        Required = true,
    };
    private readonly Option<string> _subject = new("--subject")
    {
        Description = "The part of the prompt that gets the noise.",
        Required = true,
    };
    private readonly Option<string> _answer = new("--answer")
    {
        Description = "The token that should follow, with the space before it.",
        Required = true,
    };
    private readonly Option<int> _samples = new("--samples")
    {
        Description = "How many draws of noise.",
        DefaultValueFactory = _ => 10,
    };
    private readonly Option<float> _noise = new("--noise")
    {
        Description = "The noise, in standard deviations of the embedding matrix.",
        DefaultValueFactory = _ => 3,
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "The seed of the noise.",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<int?> _window = new("--window")
    {
        Description =
            "Layers restored together for mlp_output and attention_output. Default: a fifth of the layers, at "
            + "least 3.",
    };

    public static Command Create() => new TraceCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "trace",
            "Causal tracing (Meng et al. 2022): where does the model store what it knows about a subject? Example: "
                + "onnx-intervene trace --prompt \"The Space Needle is located in the city of\" --subject \"Space "
                + "Needle\" --answer \" Seattle\""
        );
        _model.AddTo(command);
        foreach (var option in new Option[] { _prompt, _subject, _answer, _samples, _noise, _seed, _window })
            command.Add(option);
        _output.AddTo(command);
        _samples.Validators.Add(result => NumberOptions.Require(result, 1, MostSamples));
        _noise.Validators.Add(result => NumberOptions.RequireNotNegative(result));
        _window.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var text = PromptText.Of(arguments.GetValue(_prompt)!, loaded.Tokenizer);
        var settings = new TraceSettings(
            arguments.GetValue(_subject)!,
            arguments.GetValue(_answer)!,
            arguments.GetValue(_samples),
            arguments.GetValue(_noise),
            arguments.GetValue(_seed),
            arguments.GetValue(_window)
        );
        var request = Request(loaded, text, settings);
        using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Restoring");
        var result = CausalTrace.Run(loaded, request, progress, cancellation);
        progress.Dispose();
        _output.Publish(arguments, TraceReport.Create(text, settings, request, result, loaded.File), cancellation);
        return Task.FromResult(ExitCodes.Done);
    }

    private static CausalTraceRequest Request(LoadedModel model, PromptText text, TraceSettings settings)
    {
        var positions = text.PositionsOf(settings.Subject);
        var answer = PromptText.Answer(settings.Answer, model.Tokenizer);
        var window = settings.Window ?? Math.Max(SmallestWindow, model.Components.LayerCount / 5);
        var deviation = settings.Noise * EmbeddingNoise.StandardDeviation(model.Components);
        return new CausalTraceRequest
        {
            Inputs = ModelInputs.FromTokens(text.Ids),
            SubjectPositions = positions,
            Answer = answer,
            Noise = EmbeddingNoise.Create(
                settings.Samples,
                positions.Length,
                model.Components.Get(0, ComponentNames.BlockInput).Width,
                deviation,
                settings.Seed
            ),
            Targets =
            [
                new(ComponentNames.BlockOutput, 1),
                new(ComponentNames.MlpOutput, window),
                new(ComponentNames.AttentionOutput, window),
            ],
        };
    }
}

/// <summary>What the user asked a trace to do.</summary>
internal sealed record TraceSettings(string Subject, string Answer, int Samples, float Noise, int Seed, int? Window);
