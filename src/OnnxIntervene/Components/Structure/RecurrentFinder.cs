using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Finds recurrent layers: one operator, or steps written out that share their weights.</summary>
internal static class RecurrentFinder
{
    public static StructureFindings Run(OpenedView view)
    {
        var layers = ImmutableArray.CreateBuilder<ImmutableArray<Component>>();
        var missing = new List<MissingComponent>();
        foreach (var node in view.Graph.Nodes.Where(RecurrentOperators.Is))
        {
            // Which of its outputs a file leaves out is up to the exporter.
            if (
                node.FindAttribute("hidden_size") is not { Integer: var width }
                || !node.Outputs.Any(output => output is not null)
            )
                continue;
            var original = view.Original(node);
            if (RecurrentOperators.Refusal(original) is { } refusal)
            {
                missing.Add(new MissingComponent(At(layers.Count), $"{original} {refusal}"));
                layers.Add([]);
            }
            else
            {
                layers.Add(Layer(layers.Count, new RecurrentSource(original), (int)width));
            }
        }

        if (layers.Count == 0)
        {
            foreach (var (states, width) in Unrolled(view.Graph, new TypeInference()))
                layers.Add(
                    Layer(
                        layers.Count,
                        new StepsSource([.. states.Select(state => ((TensorSource)view.Source(state)).Value)]),
                        width
                    )
                );
        }

        return StructureFindings.OfOne(layers.ToImmutable(), [.. missing]);
    }

    private static ComponentAddress At(int layer) => new(layer, ComponentNames.CellOutput);

    private static ImmutableArray<Component> Layer(int index, ComponentSource source, int width) =>
        [new Component(At(index), source, width, 0, "t")];

    // The states are stacked at the end, and all but the last go through one matrix into the next step.
    private static IEnumerable<(ImmutableArray<Value> States, int Width)> Unrolled(Graph graph, TypeInference types)
    {
        foreach (var node in graph.Nodes.Where(node => node.Operator.OperatorType == "Concat" && node.Inputs.Count > 1))
        {
            if (node.Inputs.Any(input => input?.Producer?.Operator.OperatorType != "Unsqueeze"))
                continue;
            ImmutableArray<Value> states = [.. node.Inputs.Select(input => input!.Producer!.Inputs[0]!)];
            if (WidthOfRecurrence(states, types) is > 0 and var width)
                yield return (states, width);
        }
    }

    private static int WidthOfRecurrence(ImmutableArray<Value> states, TypeInference types)
    {
        if (states.Distinct().Count() != states.Length)
            return 0;
        Value? shared = null;
        var width = 0;
        foreach (var state in states[..^1])
        {
            var product = state
                .Uses.Select(use => use.Node)
                .FirstOrDefault(node =>
                    MatrixWidths.Of(node, types) is not null && (shared is null || node.Inputs[1] == shared)
                );
            if (product is null)
                return 0;
            shared = product.Inputs[1];
            width = MatrixWidths.Of(product, types)!.InputWidth;
        }

        return width;
    }
}
