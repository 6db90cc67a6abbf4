using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Writes a configuration's interventions into a model file that plain ONNX Runtime runs.</summary>
internal sealed class SpliceCommand
{
    private readonly ModelOptions _model = new();
    private readonly Option<string> _config = new("--config")
    {
        Description = "The configuration, in pyvene's form or the short one.",
        Required = true,
    };
    private readonly Option<string> _output = new("--out")
    {
        Description = "The folder for model.onnx. It must not be the model's own.",
        Required = true,
    };
    private readonly Option<bool> _copies = new("--copy-weights")
    {
        Description = "Copy the weights. Default: the original's files are hard-linked in the folder.",
    };
    private readonly Option<bool> _subspaces = new("--subspaces")
    {
        Description = "Give every intervention that can an input that chooses dimensions.",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new SpliceCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "splice",
            "Write the model with a configuration's interventions in its graph: a file that plain ONNX Runtime "
                + "runs, unchanged until its new inputs are fed. Example: onnx-intervene splice model.onnx --config "
                + "swap.json --out spliced"
        );
        _model.AddTo(command);
        command.Add(_config);
        command.Add(_output);
        command.Add(_copies);
        command.Add(_subspaces);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var file = RunFile.Read(arguments.GetValue(_config)!);
        using var loaded = _model.Load(arguments);
        var intervened = loaded.With(file.Config);
        var path = Target(arguments.GetValue(_output)!, loaded.File);
        var withSubspaces =
            arguments.GetValue(_subspaces) || file.Settings.Subspaces.Rows.Any(rows => rows is not null);
        var spliced = intervened.Splice(withSubspaces);
        SplicedModelFile.Write(spliced, intervened.Interventions, path, arguments.GetValue(_copies), cancellation);
        Write(Terminal.Of(arguments), path, spliced, arguments.GetValue(_json));
        return Task.FromResult(ExitCodes.Done);
    }

    private static string Target(string folder, ModelFile model)
    {
        var path = Path.Combine(folder, "model.onnx");
        return !model.IsAt(path)
            ? path
            : throw new InterventionException(
                $"--out '{folder}' is the model's own folder; the model would be overwritten. Choose another."
            );
    }

    private static void Write(Terminal terminal, string path, SplicedModel spliced, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    new
                    {
                        Model = path,
                        Sites = spliced.Sites.Select(site => new
                        {
                            site.Component.Address.Layer,
                            Component = site.Component.Address.FullName,
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
