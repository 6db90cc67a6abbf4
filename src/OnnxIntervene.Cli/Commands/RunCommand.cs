using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Planning.Files;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Runs a configuration and shows the output before and after: top tokens, top classes, or how much the numbers
/// changed.
/// </summary>
internal sealed class RunCommand
{
    private readonly ModelOptions _model = new();
    private readonly TextOptions _texts = new();
    private readonly Option<string> _config = new("--config")
    {
        Description =
            "The configuration as JSON: the short form (schemas/interventions.schema.json), or pyvene's with "
            + "unit_locations, subspaces, coefficients, source_representations and parameters as further fields; "
            + "or a folder of saved interventions.",
        Required = true,
    };
    private readonly Option<int> _top = new("--top")
    {
        Description = "How many tokens or classes to show.",
        DefaultValueFactory = _ => 10,
    };
    private readonly Option<bool> _explain = new("--explain")
    {
        Description =
            "Say first, on stderr, which tensors and nodes are touched, what is opened, and what each run is fed.",
    };
    private readonly Option<string?> _output = new("--out")
    {
        Description =
            "A file for the outputs: .npy for the first one after, .safetensors for each before and after (NAME, "
            + "NAME.before) and what Collect interventions read (collected.0 …).",
    };
    private readonly Option<string[]> _compare = new("--compare")
    {
        Description =
            "An output to compare and save; may be repeated. Default: every output that is a tensor of numbers, but "
            + "for caches (present…); all includes them.",
    };
    private readonly Option<string?> _save = new("--save")
    {
        Description =
            "A folder for the interventions with their parameters, in pyvene's layout, and with the positions, "
            + "subspaces and coefficients of this run: --config FOLDER runs it again.",
    };
    private readonly Option<InterventionFileFormat> _format = new("--save-format")
    {
        Description = "safetensors, or torch for files that pyvene loads.",
        DefaultValueFactory = _ => InterventionFileFormat.Safetensors,
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new RunCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "run",
            "Run a configuration: top tokens before and after, at the last position or at the mask; top classes, and "
                + "how much every output changed, for other models. Example: onnx-intervene run --config swap.json "
                + "--base \"The Eiffel Tower is located in the city of\" --source \"The Space Needle is located in "
                + "the city of\""
        );
        _model.AddTo(command);
        _texts.AddTo(command, sources: true);
        command.Add(_config);
        command.Add(_top);
        command.Add(_explain);
        command.Add(_output);
        command.Add(_compare);
        command.Add(_save);
        command.Add(_format);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var path = arguments.GetValue(_output);
        RunOutcome.CheckPath(path);
        var file = RunFile.Read(arguments.GetValue(_config)!);
        using var loaded = _model.Load(arguments);
        var choice = new OutputChoice(arguments.GetValue(_compare) ?? [], loaded.Model);
        var intervened = loaded.With(file.Config);
        var (inputs, sources) = (_texts.Base(arguments, loaded), _texts.Sources(arguments, loaded));
        if (arguments.GetValue(_explain))
            ExplanationReport.Write(
                Terminal.Of(arguments).Error,
                intervened.Explain(inputs, sources, file.UnitLocations, file.Settings),
                arguments.GetValue(_json)
            );
        using var result = intervened.Run(inputs, sources, file.UnitLocations, file.Settings, cancellation);
        var outcome = RunOutcome.Of(loaded, inputs, result, choice, arguments.GetValue(_top));
        if (path is not null)
            outcome.Save(path);
        if (arguments.GetValue(_save) is { } folder)
            intervened.Save(folder, file.UnitLocations, file.Settings, arguments.GetValue(_format));
        outcome.Write(Terminal.Of(arguments), arguments.GetValue(_json), path);
        return Task.FromResult(ExitCodes.Done);
    }
}
