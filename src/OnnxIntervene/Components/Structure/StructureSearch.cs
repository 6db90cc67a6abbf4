using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Finds components by what a graph computes, whatever its names: residual additions, norms, the two products around a
/// softmax, fused attention.
/// </summary>
internal static class StructureSearch
{
    // Searches of graphs inside nodes, the largest ones; what they read from outside is looked at again for each.
    private const int InnerGraphs = 4;

    /// <param name="model">The model.</param>
    /// <param name="modules">The modules of its main graph.</param>
    public static StructureFindings Run(Model model, ModuleTree modules)
    {
        var view = new OpenedView(model);
        var found = Run(view, view.Graph, view.Graph == model.Graph ? modules : null);
        found = found.Stacks.IsEmpty ? RunBranches(view).With(found.LeftOut) : found.With(LayersInside(view));
        if (found.Stacks.IsEmpty)
            found = RecurrentFinder.Run(view).With(found.LeftOut);
        return found is { Stacks.IsEmpty: true, LeftOut.IsEmpty: true }
            ? PerceptronFinder.Run(view, new LinearLayers(view.Graph, new TypeInference()))
            : found;
    }

    // A merged decoder holds the whole model twice, in the branches of one If.
    private static StructureFindings RunBranches(OpenedView view)
    {
        foreach (var owner in view.Graph.Nodes.Where(node => node.Operator.OperatorType == "If"))
        {
            var branches = owner.Subgraphs.Select(graph => Run(view, graph)).ToList();
            if (branches.Count > 0 && !branches[0].Stacks.IsEmpty && branches.TrueForAll(branches[0].IsAlike))
                return branches[0] with
                {
                    Stacks =
                    [
                        .. branches[0]
                            .Stacks.Select(
                                (stack, index) =>
                                    InAll(
                                        view.Original(owner),
                                        stack,
                                        [.. branches.Select(branch => branch.Stacks[index].Layers)]
                                    )
                            ),
                    ],
                };
        }

        return StructureFindings.None.With(LayersInside(view));
    }

    // Layers of graphs that need not run, or run several times, in words.
    private static ImmutableArray<string> LayersInside(OpenedView view) =>
        [
            .. view
                .Graph.AllNodes()
                .SelectMany(owner => owner.Subgraphs.Select(graph => (Owner: owner, Graph: graph)))
                .OrderByDescending(inside => inside.Graph.NodeCount)
                .Take(InnerGraphs)
                .Select(inside => (inside.Owner, inside.Graph, Layers: LayerCount(view, inside.Graph)))
                .Where(inside => inside.Layers > 0)
                .Select(inside =>
                    $"{inside.Layers} layers inside graph '{inside.Graph.Name}' of {inside.Owner}: components "
                    + "are those of the main graph, or of every branch alike (the tensors can be named)"
                ),
        ];

    private static int LayerCount(OpenedView view, Graph graph) =>
        Run(view, graph).Stacks.Sum(stack => stack.Layers.Length);

    private static FoundStack InAll(
        Node owner,
        FoundStack stack,
        ImmutableArray<ImmutableArray<ImmutableArray<Component>>> branches
    ) =>
        stack with
        {
            Layers =
            [
                .. stack.Layers.Select(
                    (layer, index) => InAll(owner, layer, [.. branches.Select(branch => branch[index])])
                ),
            ],
        };

    private static ImmutableArray<Component> InAll(
        Node owner,
        ImmutableArray<Component> layer,
        ImmutableArray<ImmutableArray<Component>> branches
    )
    {
        var all = ImmutableArray.CreateBuilder<Component>();
        foreach (var component in layer)
        {
            var same = branches
                .Select(branch => branch.FirstOrDefault(other => other.Address == component.Address))
                .OfType<Component>()
                .ToList();
            if (
                same.Count == branches.Length
                && same.TrueForAll(other => other.Width == component.Width && other.Heads == component.Heads)
            )
                all.Add(component with { Source = new BranchSource(owner, [.. same.Select(other => other.Source)]) });
        }

        return all.ToImmutable();
    }

    private static StructureFindings Run(OpenedView view, Graph graph, ModuleTree? modules = null)
    {
        var types = new TypeInference();
        var layers = new LinearLayers(graph, types);
        modules ??= ModuleTree.Of(graph);
        var found = StackFinder.Run(graph, layers, types, modules);
        return new StructureFindings(
            [.. found.Stacks.Select(stack => Describe(view, types, layers, stack, stack == found.Main))],
            [
                .. found.Undivided.Select(stream => stream.Describe(view)),
                .. found.Outside,
                .. found.Stacks.Select(NamedParts.LeftOutOf).OfType<string>(),
            ]
        );
    }

    private static FoundStack Describe(
        OpenedView view,
        TypeInference types,
        LinearLayers layers,
        Stack stack,
        bool isMain
    )
    {
        var convention = Convention.Of(stack, layers);
        var found = stack
            .Layers.Select(
                (parts, index) => LayerAnatomy.Of(view, types, layers, convention, index, parts, stack.Input)
            )
            .ToList();
        return new FoundStack(
            stack.Name,
            isMain,
            [
                .. found.Select(layer =>
                    layer.Components.Select(part => part with { Address = Own(part.Address) }).ToImmutableArray()
                ),
            ]
        )
        {
            Missing =
            [
                .. found
                    .SelectMany(layer => layer.Missing)
                    .Select(missing => missing with { Address = Own(missing.Address) }),
            ],
        };

        ComponentAddress Own(ComponentAddress address) => isMain ? address : address with { Stack = stack.Name };
    }
}
