using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Causal tracing.</summary>
internal sealed class TraceCommand
{
    private const int SmallestWindow = 3;
    private const int MostSamples = 10_000;

    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("trace");
    private readonly PromptOptions _prompt = new("prompt", "The text, up to where the answer follows.");
    private readonly Option<string?> _subject = new("--subject")
    {
        Description = "The part of the prompt that gets the noise.",
    };
    private readonly Option<string?> _positions = new("--subject-positions")
    {
        Description = "The positions that get the noise, counted from 0, in place of a subject: 1-3 or 1,2.",
    };
    private readonly AnswerOptions _answer = new("answer", "The token that should follow, with the space before it.");
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
                + "Needle\" --answer \" Seattle\". Without a tokenizer: onnx-intervene trace model.onnx --prompt-ids "
                + "464,4687,3820 --subject-positions 1-2 --answer-id 7312"
        );
        _model.AddTo(command);
        _prompt.AddTo(command);
        EitherOptions.AddTo(command, _subject, _positions);
        _answer.AddTo(command);
        foreach (var option in new Option[] { _samples, _noise, _seed, _window })
            command.Add(option);
        _runs.AddTo(command);
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
        var settings = Settings(arguments, loaded);
        var request = Request(loaded, settings);
        var runs = _runs.Read(arguments);
        if (_runs.Explains(arguments))
        {
            SweepRunOptions.Write(
                Terminal.Of(arguments),
                CausalTrace.Plan(loaded, request, runs, cancellation),
                _output.IsJson(arguments)
            );
            return Task.FromResult(ExitCodes.Done);
        }

        using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Restoring");
        var result = CausalTrace.Run(loaded, request, progress, runs, cancellation);
        progress.Dispose();
        _output.Publish(arguments, TraceReport.Create(settings, request, result, loaded), cancellation);
        return Task.FromResult(ExitCodes.Done);
    }

    private TraceSettings Settings(ParseResult arguments, LoadedModel model)
    {
        var prompt = _prompt.Read(arguments, model);
        var subject = arguments.GetValue(_subject);
        var positions = subject is not null
            ? prompt.PositionsOf(subject)
            : NumberRanges.Parse(arguments.GetValue(_positions), _positions.Name);
        prompt.RequirePositions(positions);
        return new TraceSettings(prompt, positions, _answer.Read(arguments, model))
        {
            Subject = subject,
            Samples = arguments.GetValue(_samples),
            Noise = arguments.GetValue(_noise),
            Seed = arguments.GetValue(_seed),
            Window = arguments.GetValue(_window),
        };
    }

    private static CausalTraceRequest Request(LoadedModel model, TraceSettings settings)
    {
        var window = settings.Window ?? Math.Max(SmallestWindow, model.Components.LayerCount / 5);
        var deviation = settings.Noise * EmbeddingNoise.StandardDeviation(model.Components);
        return new CausalTraceRequest
        {
            Inputs = ModelInputs.FromTokens(settings.Prompt.Ids),
            SubjectPositions = settings.Positions,
            Answer = settings.Answer.Id,
            Noise = EmbeddingNoise.Create(
                settings.Samples,
                settings.Positions.Length,
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
