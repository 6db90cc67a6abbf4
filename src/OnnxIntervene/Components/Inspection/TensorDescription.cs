using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Inspection;

/// <summary>
/// A tensor of a model file, whose name may be used in place of a component's when it holds floating point.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="ElementType">What its elements are.</param>
/// <param name="Shape">Its sizes, open ones by name or unknown; null when not even the number of axes is known.</param>
/// <param name="Origin">Where it comes from: <c>input</c>, <c>weight</c>, or an operator.</param>
/// <param name="Branch">The branch or body that holds it, and its node; null in the main graph.</param>
public sealed record TensorDescription(
    string Name,
    ElementType ElementType,
    ImmutableArray<Dimension>? Shape,
    string Origin,
    string? Branch
)
{
    /// <summary>
    /// Every tensor of a model, graph by graph in their order, those of subgraphs after the node that holds them.
    /// </summary>
    public static ImmutableArray<TensorDescription> All(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. All(model.Graph, null, new TypeInference())];
    }

    private static IEnumerable<TensorDescription> All(Graph graph, string? branch, TypeInference types)
    {
        foreach (var value in graph.Inputs)
            yield return Describe(value, value.IsConstant ? "weight" : "input", branch, types);
        foreach (var value in graph.InitializersBesideInputs())
            yield return Describe(value, "weight", branch, types);
        foreach (var node in graph.Nodes)
        {
            foreach (var output in node.Outputs.OfType<Value>())
                yield return Describe(output, node.Operator.OperatorType, branch, types);
            foreach (
                var inner in node.Attributes.SelectMany(attribute =>
                    attribute.Subgraphs.SelectMany(subgraph => All(subgraph, $"{attribute.Name} of {node}", types))
                )
            )
                yield return inner;
        }
    }

    private static TensorDescription Describe(Value value, string origin, string? branch, TypeInference types) =>
        new(value.Name, types.ElementTypeOf(value), types.ShapeOf(value)?.Dimensions, origin, branch);
}
