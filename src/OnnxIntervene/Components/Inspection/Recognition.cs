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
        var layers = new LinearLayers(graph, new TypeInference());
        var stacks = Stack.All(graph, layers, new StreamTracer(graph, [.. AttentionCore.All(graph)], layers)).ToList();
        var main = Stack.Main(stacks);
        return
        [
            .. stacks.SelectMany(
                (stack, index) =>
                    stack.Layers.Select(
                        (parts, layer) =>
                            new RecognisedLayer(
                                index,
                                stack == main,
                                layer,
                                [.. parts.Select(part => Describe(view, layers, part))]
                            )
                    )
            ),
        ];
    }

    private static RecognisedPart Describe(OpenedView view, LinearLayers layers, SubLayer part)
    {
        var linear = layers.Among(part.Nodes).Select(layer => $"{layer.InputWidth} → {layer.OutputWidth}");
        return new RecognisedPart(Kind(part), Place(part.Stream), Place(part.Part), Place(part.Result), [.. linear]);

        string Place(Value value) => view.Source(value).Description;
    }

    private static string Kind(SubLayer part)
    {
        if (part.Core is not null)
            return part.IsCross ? "cross-attention" : "attention";
        return part.Nodes.Any(node => node.Operator.OperatorType == "Conv") ? "mixer" : "feed-forward";
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
