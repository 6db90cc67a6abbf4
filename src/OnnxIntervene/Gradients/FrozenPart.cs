using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Gradients;

/// <summary>
/// The part of a training model that no parameter, source or label can change: what it computes for an example is the
/// same in every epoch.
/// </summary>
/// <param name="Names">
/// The tensors between this part and the rest that are worth keeping; empty where there is nothing.
/// </param>
/// <param name="Frozen">The model that computes them.</param>
/// <param name="Rest">The training model with them as inputs.</param>
/// <param name="Evaluation">The same without gradients.</param>
internal sealed record FrozenPart(
    ImmutableArray<string> Names,
    SplicedModel Frozen,
    SplicedModel Rest,
    SplicedModel Evaluation
)
{
    // Masks and positions are computed again: that takes less time than to keep them.
    private const int LargeConstant = 4096;

    /// <summary>Cuts a training model in two. O(nodes).</summary>
    /// <param name="model">The training model.</param>
    /// <param name="evaluated">The outputs that are wanted without gradients.</param>
    public static FrozenPart Of(SplicedModel model, IReadOnlyList<string> evaluated)
    {
        var graph = model.Model.Graph;
        var types = new TypeInference();
        var frontier = Frontier(model).Where(value => types.ElementTypeOf(value).IsFloat()).ToList();
        var outputs = graph.Outputs.ToList();
        return new FrozenPart(
            [.. frontier.Select(value => value.Name)],
            frontier.Count == 0 ? model : Cut([], frontier),
            Cut(frontier, outputs),
            Cut(frontier, [.. outputs.Where(output => evaluated.Contains(output.Name))])
        );

        SplicedModel Cut(IReadOnlyList<Value> from, IReadOnlyList<Value> to)
        {
            var part = GraphCut.Between(model.Model, from, to, types.TypeOf, out _);
            return model with
            {
                Model = part,
                AddedInputs = [.. model.AddedInputs, .. from.Select(value => value.Name)],
                PositionsInput = part.Graph.Inputs.FirstOrDefault(input => input.Name == model.PositionsInput)?.Name,
            };
        }
    }

    // What is read on the other side, depends on the example, and costs a product with weights.
    private static List<Value> Frontier(SplicedModel model)
    {
        var graph = model.Model.Graph;
        var own = model
            .Sites.SelectMany(site => site.Inputs)
            .Concat(model.AddedInputs)
            .Append(model.PositionsInput)
            .ToHashSet();
        var changing = Cone.After(graph, graph.Inputs.Where(input => own.Contains(input.Name)));
        var given = Cone.After(graph, graph.Inputs.Where(input => !own.Contains(input.Name)));
        var outputs = graph.Outputs.ToHashSet();
        return
        [
            .. graph
                .Nodes.Where(node => !changing.Nodes.Contains(node) && given.Nodes.Contains(node))
                .SelectMany(node => node.Outputs)
                .OfType<Value>()
                .Where(value =>
                    (outputs.Contains(value) || value.Uses.Any(use => IsChanging(use.Node, changing)))
                    && Cone.Before([value]).Nodes.Any(IsHeavy)
                ),
        ];
    }

    // A node inside a branch belongs to the node that holds the branch.
    private static bool IsChanging(Node node, Cone changing)
    {
        while (node.Graph?.Owner is { } owner)
            node = owner;
        return changing.Nodes.Contains(node);
    }

    private static bool IsHeavy(Node node) =>
        node.Inputs.OfType<Value>().Any(input => input.Initializer is { } data && data.Count >= LargeConstant);
}
