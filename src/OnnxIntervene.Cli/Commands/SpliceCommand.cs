using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Writes a configuration's interventions into a model file that plain ONNX Runtime runs.</summary>
internal static class SpliceCommand
{
    public static Command Create()
    {
        var command = new Command(
            "splice",
            "Write the model with a configuration's interventions in its graph: a file that plain ONNX Runtime "
                + "runs, unchanged until its new inputs are fed. Example: onnx-intervene splice model.onnx --config "
                + "swap.json --out spliced"
        );
        var model = new ModelOptions();
        var config = new Option<string>("--config")
        {
            Description = "The configuration, in pyvene's form or the short one.",
            Required = true,
        };
        var output = new Option<string>("--out")
        {
            Description = "The folder for model.onnx. It must not be the model's own.",
            Required = true,
        };
        var copies = new Option<bool>("--copy-weights")
        {
            Description =
                "Copy the weights. Default: the original's files get a second name in the folder (a hard link).",
        };
        var subspaces = new Option<bool>("--subspaces")
        {
            Description = "Give every intervention that can an input that chooses dimensions.",
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        model.AddTo(command);
        command.Add(config);
        command.Add(output);
        command.Add(copies);
        command.Add(subspaces);
        command.Add(json);
        command.SetAction(
            (arguments, cancellation) =>
            {
                var file = RunFile.Read(arguments.GetValue(config)!);
                using var loaded = model.Load(arguments);
                var intervened = loaded.With(file.Config);
                var path = Target(arguments.GetValue(output)!, loaded.File);
                var withSubspaces =
                    arguments.GetValue(subspaces) || file.Settings.Subspaces.Rows.Any(rows => rows is not null);
                var spliced = intervened.Splice(withSubspaces);
                SplicedModelFile.Write(
                    spliced,
                    intervened.Interventions,
                    path,
                    arguments.GetValue(copies),
                    cancellation
                );
                Write(Terminal.Of(arguments), path, spliced, arguments.GetValue(json));
                return Task.FromResult(ExitCodes.Done);
            }
        );
        return command;
    }

    private static string Target(string folder, ModelFile model)
    {
        var path = Path.Combine(folder, "model.onnx");
        return Path.GetFullPath(path) != Path.GetFullPath(model.Path)
            ? path
            : throw new InterventionException(
                $"--out '{folder}' is the model's own folder; the model would be overwritten. Choose another."
            );
    }

    private static void Write(Terminal terminal, string path, SplicedModel spliced, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteLine(
                JsonText.Of(
                    new
                    {
                        Model = path,
                        Sites = spliced.Sites.Select(site => new
                        {
                            site.Component.Address.Layer,
                            Component = site.Component.Address.Name,
                            Inputs = site.Inputs.Distinct(),
                            Output = site.Read,
                        }),
                    }
                )
            );
            return;
        }

        terminal.Output.WriteLine(
            $"{path}: {spliced.Model.Graph.NodeCount} nodes. Every new input has a default that changes nothing; "
                + $"the metadata 'intervene.sites' says what each means."
        );
        terminal.WriteTable(
            ["intervention", "inputs", "output"],
            spliced.Sites.Select(site =>
                new[]
                {
                    $"{site.Site.Type} at {site.Component.Address}",
                    string.Join(Environment.NewLine, site.Inputs.Distinct()),
                    site.Read ?? "",
                }
            )
        );
    }
}
