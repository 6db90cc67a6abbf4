using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Planning.Files;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Runs a configuration and shows the output before and after: top tokens, top classes, or how far the numbers moved.
/// </summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new Command(
            "run",
            "Run a configuration: top tokens before and after, at the last position or at the mask; top classes, or "
                + "how far the output moved, for other models. Example: onnx-intervene run --config swap.json "
                + "--base \"The Eiffel Tower is located in the city of\" --source \"The Space Needle is located in "
                + "the city of\""
        );
        var (model, texts) = (new ModelOptions(), new TextOptions());
        var config = new Option<string>("--config")
        {
            Description =
                "The configuration as JSON: the short form (schemas/interventions.schema.json), or pyvene's with "
                + "unit_locations, subspaces, coefficients, source_representations and parameters as further fields; "
                + "or a folder of saved interventions.",
            Required = true,
        };
        var top = new Option<int>("--top")
        {
            Description = "How many tokens or classes to show.",
            DefaultValueFactory = _ => 10,
        };
        var explain = new Option<bool>("--explain")
        {
            Description =
                "Say first, on stderr, which tensors and nodes are touched, what is opened, and what each run is fed.",
        };
        var output = new Option<string?>("--out")
        {
            Description =
                "A file for the first output: .npy for the output after, .safetensors for both (NAME, NAME.before) "
                + "and what Collect interventions read (collected.0 …).",
        };
        var save = new Option<string?>("--save")
        {
            Description = "A folder for the interventions with their parameters, in pyvene's layout.",
        };
        var format = new Option<InterventionFileFormat>("--save-format")
        {
            Description = "safetensors, or torch for files that pyvene loads.",
            DefaultValueFactory = _ => InterventionFileFormat.Safetensors,
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        model.AddTo(command);
        texts.AddTo(command, sources: true);
        command.Add(config);
        command.Add(top);
        command.Add(explain);
        command.Add(output);
        command.Add(save);
        command.Add(format);
        command.Add(json);
        command.SetAction(
            (arguments, cancellation) =>
            {
                var path = arguments.GetValue(output);
                RunOutcome.CheckPath(path);
                var file = RunFile.Read(arguments.GetValue(config)!);
                using var loaded = model.Load(arguments);
                var intervened = loaded.With(file.Config);
                var (inputs, sources) = (texts.Base(arguments, loaded), texts.Sources(arguments, loaded));
                if (arguments.GetValue(explain))
                    ExplanationReport.Write(
                        Terminal.Of(arguments).Error,
                        intervened.Explain(inputs, sources, file.UnitLocations, file.Settings),
                        arguments.GetValue(json)
                    );
                using var result = intervened.Run(inputs, sources, file.UnitLocations, file.Settings, cancellation);
                var outcome = RunOutcome.Of(loaded, inputs, result, arguments.GetValue(top));
                if (path is not null)
                    outcome.Save(path);
                if (arguments.GetValue(save) is { } folder)
                    intervened.Save(folder, arguments.GetValue(format));
                outcome.Write(Terminal.Of(arguments), arguments.GetValue(json), path);
                return Task.FromResult(ExitCodes.Done);
            }
        );
        return command;
    }
}
