using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Lists the components of a model, its layers, or its tensors, and writes a component map to edit.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var command = new Command(
            "inspect",
            "List every component with its tensor, width and heads, and what was not found and why. Example: "
                + "onnx-intervene inspect model.onnx --write-map map.json"
        );
        var model = new ModelOptions();
        var structure = new Option<bool>("--structure")
        {
            Description = "Show the layers that are recognised, and the nearest candidates for what was not found.",
        };
        var tensors = new Option<bool>("--tensors")
        {
            Description =
                "List every tensor with its type and shape; one that holds floats may be used in place of a component.",
        };
        var map = new Option<string?>("--write-map") { Description = "Write a component map to edit, for --map." };
        var layers = new Option<string?>("--layers", "--layer")
        {
            Description = "Layers to show each for itself, such as 0-5,7; others that are alike are shown once.",
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        model.AddTo(command, runs: false);
        foreach (var option in new Option[] { structure, tensors, layers, map, json })
            command.Add(option);
        command.SetAction(arguments =>
        {
            var file = ModelFile.Find(model.Path(arguments));
            var loaded = FunctionInliner.Inline(OnnxFile.Load(file.Path));
            var search = new ComponentSearchOptions
            {
                Overrides = model.Map(arguments),
                Configuration = ModelConfiguration.ReadBeside(file.Path),
                Record = CheckRecordFile.Find(file.Path),
            };
            var inspection = new Inspection(file, loaded, ComponentMap.Find(loaded, search))
            {
                Structure = arguments.GetValue(structure),
                Tensors = arguments.GetValue(tensors),
                Layers = NumberRanges.Parse(arguments.GetValue(layers), "--layers"),
            };
            if (arguments.GetValue(map) is { } path)
                ComponentMapFile.Write(path, loaded, inspection.Map);
            inspection.Write(Terminal.Of(arguments), arguments.GetValue(json), arguments.GetValue(map));
            return ExitCodes.Done;
        });
        return command;
    }
}
