using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Generation;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Generates text, plainly or under interventions.</summary>
internal sealed class GenerateCommand
{
    private readonly ModelOptions _model = new();
    private readonly GenerationPrompts _prompts = new();
    private readonly TextSources _sources = new();
    private readonly SteeringOptions _steering = new();
    private readonly ScheduleOptions _schedule = new();
    private readonly SamplingOptions _sampling = new();
    private readonly GenerationCollection _collection = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new GenerateCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "generate",
            "Generate text, token by token as it comes, plainly or under interventions: a configuration or steering "
                + "vectors. Example: onnx-intervene generate --prompt \"The Space Needle is located in the city of\" "
                + "--max-tokens 8. Steered: onnx-intervene generate model --prompt \"I went to a restaurant and\" "
                + "--vector joy.safetensors --coefficient 4"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _sources.AddTo(command);
        _steering.AddTo(command);
        _schedule.AddTo(command);
        _sampling.AddTo(command);
        _collection.AddTo(command);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var file = _collection.Add(arguments, _steering.Read(arguments, loaded), loaded);
        var options = _collection.Scheduled(
            _schedule.Add(arguments, _sampling.Read(arguments), file.UnitLocations is not null),
            file
        );
        using var model = loaded.With(file.Config);
        var generation = model.PlanGeneration(
            _prompts.Read(arguments, loaded),
            options,
            GenerationCollection.Sources(_sources.Read(arguments, loaded), file),
            file.UnitLocations,
            file.Settings
        );
        LoadingGarbage.Drop();
        var terminal = Terminal.Of(arguments);
        if (!arguments.GetValue(_json) && generation.Count == 1 && loaded.HasTokenizer)
            GenerationText.Stream(terminal, generation, loaded, options, cancellation);
        else
            GenerationText.Write(terminal, generation, loaded, arguments.GetValue(_json), cancellation);
        _collection.Save(arguments, generation.Texts(), model);
        return Task.FromResult(ExitCodes.Done);
    }
}
