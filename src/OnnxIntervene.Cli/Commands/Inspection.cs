using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Inspection;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What <c>inspect</c> shows about a model: its components, or its layers, or its tensors.</summary>
internal sealed record Inspection(ModelFile File, Model Model, ComponentMap Map)
{
    public bool Structure { get; init; }

    public bool Tensors { get; init; }

    /// <summary>The layers that are shown each for itself.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    public void Write(Terminal terminal, bool asJson, string? mapPath)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(JsonText.Of(Data(mapPath)));
            return;
        }

        terminal.Output.WriteLine(
            $"{File.Path}: IR {Model.IrVersion}, operator set {Model.OperatorSetVersion}, {Model.Graph.NodeCount} "
                + $"nodes, made by {Model.Producer}"
        );
        BakedText.Write(terminal, BakeDescription.Of(Model));
        terminal.Output.WriteLine(LayersText());
        foreach (var leftOut in Map.LeftOut)
            terminal.Output.WriteLine($"Left out: {leftOut}.");
        if (Structure)
            StructureText.Write(terminal, GraphStructure.Describe(Model, Map));
        if (Tensors)
            WriteTensors(terminal);
        if (!Structure && !Tensors)
            WriteComponents(terminal);
        if (mapPath is not null)
            terminal.Output.WriteLine($"Wrote {mapPath}");
    }

    private string LayersText()
    {
        if (Map.Stacks.Any(stack => stack.Name.Length > 0))
            return $"The graph's structure shows {Map.Stacks.Length} stacks of layers: "
                + $"{string.Join(", ", Map.Stacks.Select(Describe))}. A stack's name stands before a component's: "
                + $"{Map.Stacks[0].Name}.0.block_output.";
        return Map.Family is { } family ? $"Family {family}, {Map.LayerCount} layers."
            : Map.LayerCount > 0
                ? $"The module names are of no known family; the graph's structure shows {Map.LayerCount} layers."
            : "No layers are recognised.";
    }

    private static string Describe(ComponentStack stack) =>
        $"{stack.Name} ({stack.LayerCount} layers{(stack.IsMain ? ", meant where no stack is named" : "")})";

    private Dictionary<string, object?> Data(string? mapPath)
    {
        var data = new Dictionary<string, object?>
        {
            ["model"] = File.Path,
            ["ir_version"] = Model.IrVersion,
            ["operator_set"] = Model.OperatorSetVersion,
            ["producer"] = Model.Producer,
            ["baked"] = BakeDescription.Of(Model),
            ["family"] = Map.Family,
            ["layers"] = Map.LayerCount,
            ["stacks"] = Map.Stacks,
            ["left_out"] = Map.LeftOut,
            ["components"] = Map.Components.Select(item => new
            {
                item.Address.Stack,
                item.Address.Layer,
                Component = item.Address.Name,
                Tensor = item.Source.Description,
                item.Width,
                item.Heads,
                item.Unit,
                Meaning = item.Meaning.Text() is { Length: > 0 } text ? text : null,
                IsProved = Map.Record.Find(item) is { Contradiction: null },
            }),
            ["not_found"] = Map.Missing.Select(item => new
            {
                item.Address.Stack,
                item.Address.Layer,
                Component = item.Address.Name,
                item.Reason,
            }),
        };
        if (Structure)
            data["structure"] = StructureText.Data(GraphStructure.Describe(Model, Map));
        if (Tensors)
            data["tensors"] = TensorDescription
                .All(Model)
                .Select(tensor => new
                {
                    tensor.Name,
                    Type = TypeText(tensor),
                    Shape = Sizes(tensor.Shape),
                    tensor.Origin,
                    tensor.Branch,
                });
        if (mapPath is not null)
            data["map"] = mapPath;
        return data;
    }

    private void WriteComponents(Terminal terminal)
    {
        new ComponentTable(Map, Layers).Write(terminal);
        foreach (var meaning in Map.Components.GroupBy(item => item.Meaning).Where(group => group.Key.Text() != ""))
        {
            var names = meaning.Select(item => item.Address.Name).Distinct();
            terminal.Output.WriteLine($"{string.Join(", ", names)}: {meaning.Key.Text()}.");
        }

        if (Map.Components.Length == 0)
            terminal.Output.WriteLine(
                "Any tensor's name works in place of a component (--tensors), and a map can name components "
                    + "(--structure, --write-map)."
            );
        else
            terminal.Output.WriteLine(
                Map.Missing.Length > 0 ? "Not found:"
                : Map.LeftOut.Length > 0 ? "Everything else that was looked for was found."
                : "Everything that was looked for was found."
            );
        foreach (var missing in Map.Missing)
            terminal.Output.WriteLine($"  {missing}");
        if (Map.Components.Length > 0)
            terminal.Output.WriteLine(ProofText());
    }

    private string ProofText()
    {
        if (Map.Record.Components.IsEmpty)
            return $"Found is not proved: onnx-intervene check {File.Path} tests what was found on the model itself.";
        var proved = Map.Components.Count(component => Map.Record.Find(component) is { Contradiction: null });
        return $"{proved} of {Map.Components.Length} components were proved by onnx-intervene check.";
    }

    // A line for each, with tabs between columns: names are long, and scripts split columns.
    private void WriteTensors(Terminal terminal)
    {
        foreach (var tensor in TensorDescription.All(Model))
        {
            var shape = tensor.Shape is { } sizes ? $"[{string.Join(", ", sizes)}]" : "?";
            var origin = tensor.Branch is null ? tensor.Origin : $"{tensor.Origin}, {tensor.Branch}";
            terminal.Output.WriteLine($"{tensor.Name}\t{TypeText(tensor)}\t{shape}\t{origin}");
        }
    }

    private static string TypeText(TensorDescription tensor) =>
        tensor.ElementType == ElementType.Undefined ? "unknown" : $"{tensor.ElementType}";

    // A size, the name of an open one, or null.
    private static object?[]? Sizes(ImmutableArray<Dimension>? shape) =>
        shape?.Select(size => size.Size ?? (object?)size.Symbol).ToArray();
}
