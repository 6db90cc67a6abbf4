using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.Inspection;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows what the structural search sees in a graph.</summary>
internal static class StructureText
{
    public static void Write(Terminal terminal, GraphStructure structure)
    {
        foreach (var stack in structure.Layers.GroupBy(layer => layer.Stack))
        {
            terminal.Output.WriteLine(Heading(stack.First()));
            foreach (var layer in stack)
            {
                foreach (var part in layer.Parts)
                    terminal.Output.WriteLine(
                        $"  {(layer.Layer is { } number ? $"layer {number}: " : "")}{Line(part)}"
                    );
            }
        }

        if (structure.Layers.Length == 0)
            WriteUnrecognised(terminal, structure);
        if (structure.NotFound.Length == 0)
            return;
        terminal.Output.WriteLine("Not found, with the nearest candidates:");

        // Where nothing is recognised, every layer lacks the same components.
        foreach (
            var missing in structure.NotFound.Where(missing =>
                structure.Layers.Length > 0 || missing.Address.Layer == 0
            )
        )
        {
            terminal.Output.WriteLine($"  {missing.Address}: {missing.Reason}");
            foreach (var candidate in missing.Candidates)
                terminal.Output.WriteLine($"    {Line(candidate)}");
        }

        if (structure.Layers.Length == 0)
            terminal.Output.WriteLine("  … and so on for every repetition: --write-map writes all.");
    }

    private static string Heading(RecognisedLayer layer) =>
        layer.Layer is null ? $"Stack {layer.Stack}, which has no layers:"
        : layer.StackName.Length > 0
            ? $"Stack {layer.Stack}, {layer.StackName}{(layer.IsMain ? ", meant where no stack is named" : "")}:"
        : $"Stack {layer.Stack}:";

    public static object Data(GraphStructure structure) =>
        new
        {
            structure.Layers,
            RepeatedPattern = structure.Pattern is { } pattern
                ? new
                {
                    pattern.Count,
                    pattern.Operators,
                    pattern.Ends,
                }
                : null,
            structure.Landmarks,
            NotFound = structure.NotFound.Select(missing => new
            {
                missing.Address.Stack,
                missing.Address.Layer,
                Component = missing.Address.Name,
                missing.Reason,
                missing.Candidates,
            }),
        };

    private static void WriteUnrecognised(Terminal terminal, GraphStructure structure)
    {
        if (structure.Pattern is { } pattern)
        {
            terminal.Output.WriteLine(
                $"The graph repeats {pattern.Operators.Length} operators {pattern.Count} times: "
                    + $"{string.Join(' ', pattern.Operators)}"
            );
            foreach (var end in pattern.Ends)
                terminal.Output.WriteLine($"  … '{end}'");
        }

        foreach (var landmark in structure.Landmarks)
            terminal.Output.WriteLine($"  {Line(landmark)}");
    }

    // Lines, not a table: names are long, and a broken one is useless.
    private static string Line(RecognisedPart part)
    {
        var kind = part.LinearLayers.Length > 0 ? $"{part.Kind} ({string.Join(", ", part.LinearLayers)})" : part.Kind;
        return part.Added.Length > 0
            ? $"{kind}: '{part.Stream}' + '{part.Added}' → '{part.Result}'"
            : $"{kind}: '{part.Stream}' → '{part.Result}'";
    }

    private static string Line(ComponentCandidate candidate) =>
        $"'{candidate.Tensor}' {candidate.Shape}: {candidate.Why}";
}
