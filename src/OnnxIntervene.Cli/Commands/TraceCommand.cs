using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Causal tracing.</summary>
internal static class TraceCommand
{
    private const int SmallestWindow = 3;

    public static Command Create()
    {
        var command = new Command(
            "trace",
            "Causal tracing (Meng et al. 2022): where does the model hold what it knows of a subject? Example: "
                + "onnx-intervene trace --prompt \"The Space Needle is located in the city of\" --subject \"Space "
                + "Needle\" --answer \" Seattle\""
        );
        var (model, output) = (new ModelOptions(), new SweepOptions("trace"));
        var prompt = new Option<string>("--prompt")
        {
            Description = "The text, up to where the answer follows.",
            Required = true,
        };
        var subject = new Option<string>("--subject")
        {
            Description = "The part of the prompt that noise is put on.",
            Required = true,
        };
        var answer = new Option<string>("--answer")
        {
            Description = "The token that should follow, with the space before it.",
            Required = true,
        };
        var samples = new Option<int>("--samples")
        {
            Description = "How many draws of noise.",
            DefaultValueFactory = _ => 10,
        };
        var noise = new Option<float>("--noise")
        {
            Description = "The noise, in standard deviations of the embedding matrix.",
            DefaultValueFactory = _ => 3,
        };
        var seed = new Option<int>("--seed") { Description = "The seed of the noise.", DefaultValueFactory = _ => 0 };
        var window = new Option<int?>("--window")
        {
            Description =
                "Layers restored together for mlp_output and attention_output. Default: a fifth of the layers, at "
                + "least 3.",
        };
        model.AddTo(command);
        foreach (var option in new Option[] { prompt, subject, answer, samples, noise, seed, window })
            command.Add(option);
        output.AddTo(command);
        samples.Validators.Add(RequirePositive);
        window.Validators.Add(RequirePositive);
        command.SetAction(
            (arguments, cancellation) =>
            {
                using var loaded = model.Load(arguments);
                var text = PromptText.Of(arguments.GetValue(prompt)!, loaded.Tokenizer);
                var settings = new TraceSettings(
                    arguments.GetValue(subject)!,
                    arguments.GetValue(answer)!,
                    arguments.GetValue(samples),
                    arguments.GetValue(noise),
                    arguments.GetValue(seed),
                    arguments.GetValue(window)
                );
                var request = Request(loaded, text, settings);
                using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Restoring");
                var result = CausalTrace.Run(loaded, request, progress, cancellation);
                progress.Dispose();
                output.Publish(
                    arguments,
                    TraceReport.Create(text, settings, request, result, loaded.File),
                    cancellation
                );
                return Task.FromResult(ExitCodes.Done);
            }
        );
        return command;
    }

    private static void RequirePositive(OptionResult result)
    {
        if (result.Tokens is [var token] && int.TryParse(token.Value, out var number) && number < 1)
            result.AddError($"{result.Option.Name} must be at least 1.");
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
