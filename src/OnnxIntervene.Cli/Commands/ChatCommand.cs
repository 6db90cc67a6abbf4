using System.CommandLine;
using OnnxIntervene.Chat;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>A conversation with a model, which may be steered while it goes on.</summary>
internal sealed class ChatCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "chat";

    private readonly ModelOptions _model = new();
    private readonly ChatFormatOptions _format = new();
    private readonly Option<string?> _system = new("--system") { Description = "The system message." };
    private readonly Option<bool> _drops = new("--drop-oldest")
    {
        Description =
            "Leave out the oldest turns where the conversation leaves no room for an answer. Default: an error.",
    };
    private readonly TextSources _sources = new();
    private readonly SteeringOptions _steering = new();
    private readonly ScheduleOptions _schedule = new();
    private readonly SamplingOptions _sampling = new(new SteeredChatOptions().Generation.MaximumNewTokens);
    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON object for each turn." };

    public static Command Create() => new ChatCommand().Build();

    private Command Build()
    {
        var command = new Command(
            Name,
            "Talk with a model; answers appear as they come. Steer it while talking with /steer NAME COEFFICIENT, "
                + "where NAME is a vector's file without its ending; /help lists what else there is. Reads messages "
                + "from the input, one a line, where that is not a terminal. Example: onnx-intervene chat model "
                + "--vector joy.safetensors --coefficient 0 --temperature 0.7"
        );
        _model.AddTo(command);
        _format.AddTo(command);
        command.Add(_system);
        command.Add(_drops);
        _sources.AddTo(command);
        _steering.AddTo(command, isTurned: true);
        _schedule.AddTo(command);
        _sampling.AddTo(command);
        command.Add(_json);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var (terminal, asJson) = (Terminal.Of(arguments), arguments.GetValue(_json));
        using var loaded = _model.Load(arguments);
        var dial = DialOf(arguments, loaded);
        using var client = new SteeredChatClient(loaded, OptionsOf(arguments, loaded, dial));
        LoadingGarbage.Drop();
        using var interruption = new AnswerInterruption(cancellation);
        var transcript = new ChatTranscript { System = arguments.GetValue(_system) };
        var input = new ChatInput(Console.In, !Console.IsInputRedirected, terminal.Error);
        if (input.IsInteractive)
            terminal.Error.WriteLine($"{loaded.File.Path}; /help lists commands, /exit leaves.");
        var answers = new ChatAnswers(client, transcript, dial, interruption, terminal, asJson);
        return await new ChatLoop(input, answers, transcript, dial, interruption, terminal.Error)
            .RunAsync()
            .ConfigureAwait(false);
    }

    private SteeringDial DialOf(ParseResult arguments, LoadedModel model)
    {
        if (_steering.HasConfig(arguments))
            return new SteeringDial([], [], []);
        if (_sources.Read(arguments, model) is not null)
            throw new InterventionException("Sources go with --config; steering vectors have none.");
        var vectors = _steering.Vectors(arguments, model);
        return new SteeringDial(_steering.Files(arguments), vectors, _steering.Coefficients(arguments, vectors.Length));
    }

    private SteeredChatOptions OptionsOf(ParseResult arguments, LoadedModel model, SteeringDial dial)
    {
        var options = new SteeredChatOptions
        {
            Format = _format.Read(arguments, model),
            Generation = _schedule.Add(arguments, _sampling.Read(arguments), hasLocations: false),
            Vectors = dial.Vectors,
            Coefficients = dial.Coefficients,
            Manner = _steering.Manner(arguments, dial.Vectors.Values),
            DropsOldestTurns = arguments.GetValue(_drops),
        };
        return _steering.HasConfig(arguments) ? options with { Steering = Configured(arguments, model) } : options;
    }

    private ChatSteering Configured(ParseResult arguments, LoadedModel model)
    {
        var file = _steering.Read(arguments, model);
        return new ChatSteering(model.With(file.Config))
        {
            Settings = file.Settings,
            UnitLocations = file.UnitLocations,
            Sources = _sources.Read(arguments, model),
            Schedules = _schedule
                .Add(arguments, new Generation.GenerationOptions(), file.UnitLocations is not null)
                .Schedules,
        };
    }
}
