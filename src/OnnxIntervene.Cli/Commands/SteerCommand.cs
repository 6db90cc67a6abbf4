using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows texts without and with steering.</summary>
internal sealed class SteerCommand
{
    private readonly ModelOptions _model = new();
    private readonly GenerationPrompts _prompts = new();
    private readonly TextSources _sources = new();
    private readonly SteeringOptions _steering = new();
    private readonly ScheduleOptions _schedule = new();
    private readonly SamplingOptions _sampling = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new SteerCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "steer",
            "Generate texts without and with steering, one above the other. Example: onnx-intervene steer model "
                + "--prompt \"I went to a restaurant and\" --vector joy.safetensors --coefficient 4"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _sources.AddTo(command);
        _steering.AddTo(command, isNeeded: true);
        _schedule.AddTo(command);
        _sampling.AddTo(command);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var file = _steering.Read(arguments, loaded);
        var prompts = _prompts.Read(arguments, loaded);
        var plain = _sampling.Read(arguments);
        // Both are checked before either runs.
        using var model = loaded.With(file.Config);
        var after = model.PlanGeneration(
            prompts,
            _schedule.Add(arguments, plain, file.UnitLocations is not null),
            _sources.Read(arguments, loaded),
            file.UnitLocations,
            file.Settings
        );
        using var bare = loaded.With(new IntervenableConfig { Representations = [] });
        var before = bare.PlanGeneration(prompts, plain, settings: new RunSettings());
        LoadingGarbage.Drop();
        var pairs = before.Run(cancellation).Zip(after.Run(cancellation));
        Write(Terminal.Of(arguments), loaded, [.. pairs], arguments.GetValue(_json));
        return Task.FromResult(ExitCodes.Done);
    }

    private static void Write(
        Terminal terminal,
        LoadedModel model,
        IReadOnlyList<(GeneratedText Before, GeneratedText After)> pairs,
        bool asJson
    )
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    pairs.Select(pair => new
                    {
                        Before = GenerationText.Shown(pair.Before, model),
                        After = GenerationText.Shown(pair.After, model),
                    })
                )
            );
            return;
        }

        foreach (var (plain, steered) in pairs)
        {
            terminal.Output.WriteLine($"> {GenerationText.PromptOf(plain, model)}");
            terminal.Output.WriteLine($"without: {GenerationText.Of(plain)}");
            terminal.Output.WriteLine($"steered: {GenerationText.Of(steered)}");
            terminal.Output.WriteLine();
        }
    }
}
