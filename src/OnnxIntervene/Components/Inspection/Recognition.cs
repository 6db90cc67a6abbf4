using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Inspection;

/// <summary>Describes the layers that the structural search recognises.</summary>
internal static class Recognition
{
    public static ImmutableArray<RecognisedLayer> Of(Model model, ComponentMap map)
    {
        var view = new OpenedView(model);
        var graphs = view
            .Graph.Nodes.Where(node => node.Operator.OperatorType == "If")
            .SelectMany(node => node.Subgraphs.Take(1))
            .Prepend(view.Graph);
        var found = graphs.Select(graph => Of(view, graph)).FirstOrDefault(layers => layers.Length > 0, []);
        return found.Length > 0
            ? found
            : [.. Enumerable.Range(0, map.LayerCount).Select(layer => WithoutStream(map, layer))];
    }

    private static ImmutableArray<RecognisedLayer> Of(OpenedView view, Graph graph)
    {
        var types = new TypeInference();
        var layers = new LinearLayers(graph, types);
        var found = StackFinder.Run(graph, layers, types, ModuleTree.Of(graph));
        var divided = found.Stacks.SelectMany(
            (stack, index) =>
                stack.Layers.Select(
                    (parts, layer) =>
                        new RecognisedLayer(index, stack == found.Main, layer, Describe(view, layers, parts))
                        {
                            StackName = stack.Name,
                        }
                )
        );
        var undivided = found
            .Undivided.Where(stream => !stream.Parts.IsEmpty)
            .Select(
                (stream, index) =>
                    new RecognisedLayer(found.Stacks.Length + index, false, null, Describe(view, layers, stream.Parts))
            );
        return [.. divided, .. undivided];
    }

    private static ImmutableArray<RecognisedPart> Describe(
        OpenedView view,
        LinearLayers layers,
        ImmutableArray<SubLayer> parts
    ) => [.. parts.Select(part => Describe(view, layers, part))];

    private static RecognisedPart Describe(OpenedView view, LinearLayers layers, SubLayer part)
    {
        var linear = layers.Among(part.Nodes).Select(layer => $"{layer.InputWidth} → {layer.OutputWidth}");
        return new RecognisedPart(
            LayerBoundaries.NameOf(part.Kind),
            Place(part.Stream),
            Place(part.Part),
            Place(part.Result),
            [.. linear]
        );

        string Place(Value value) => view.Source(value).Description;
    }

    // Perceptrons and recurrent layers have no residual stream; their components are all that is seen of them.
    private static RecognisedLayer WithoutStream(ComponentMap map, int layer)
    {
        var own = map
            .Components.Where(component => component.Address.Layer == layer)
            .ToDictionary(component => component.Address.Name, component => component.Source.Description);
        var isRecurrent = own.TryGetValue(ComponentNames.CellOutput, out var state);
        var result = isRecurrent ? state! : own.GetValueOrDefault(ComponentNames.BlockOutput, "");
        return new RecognisedLayer(
            0,
            true,
            layer,
            [
                new RecognisedPart(
                    isRecurrent ? "recurrence" : "linear layer",
                    own.GetValueOrDefault(ComponentNames.BlockInput, ""),
                    "",
                    result,
                    []
                ),
            ]
        );
    }
}
