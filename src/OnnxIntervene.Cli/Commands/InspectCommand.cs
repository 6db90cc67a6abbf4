using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Lists the components of a model.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var command = new Command("inspect", "List every component with its tensor, width and heads, and what was not found and why. Example: onnx-intervene inspect model.onnx");
        var model = new ModelOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        model.AddTo(command, runs: false);
        command.Add(json);
        command.SetAction(arguments =>
        {
            var file = ModelFile.Find(model.Path(arguments));
            var loaded = FunctionInliner.Inline(OnnxFile.Load(file.Path));
            Write(Terminal.Of(arguments), file, loaded, ComponentMap.Find(loaded), arguments.GetValue(json));
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Write(Terminal terminal, ModelFile file, Model model, ComponentMap map, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteLine(JsonText.Of(new
            {
                Model = file.Path,
                model.IrVersion,
                OperatorSet = model.OperatorSetVersion,
                model.Producer,
                map.Family,
                Layers = map.LayerCount,
                Components = map.Components.Select(item => new { item.Address.Layer, Component = item.Address.Name, Tensor = item.Source.Description, item.Width, item.Heads, item.Unit }),
                NotFound = map.Missing.Select(item => new { item.Address.Layer, Component = item.Address.Name, item.Reason }),
            }));
            return;
        }

        terminal.Output.WriteLine($"{file.Path}: IR {model.IrVersion}, operator set {model.OperatorSetVersion}, {model.Graph.NodeCount} nodes, made by {model.Producer}");
        terminal.Output.WriteLine(map.Family is null ? "No known family of models was recognised." : $"Family {map.Family}, {map.LayerCount} layers.");
        terminal.WriteTable(
            ["layer", "component", "width", "heads", "unit", "tensor"],
            map.Components.Select(item => new[]
            {
                $"{item.Address.Layer}", item.Address.Name, item.Width > 0 ? $"{item.Width}" : "", item.Heads > 0 ? $"{item.Heads}" : "", item.Unit, item.Source.Description,
            }));
        terminal.Output.WriteLine(map.Missing.Length == 0 ? "Everything that was looked for was found." : "Not found:");
        foreach (var missing in map.Missing)
            terminal.Output.WriteLine($"  {missing}");
    }
}
