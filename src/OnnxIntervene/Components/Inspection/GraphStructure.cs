using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Inspection;

/// <summary>
/// What the structural search sees in a graph, and where components may be that it did not find: material for a map.
/// </summary>
public sealed record GraphStructure
{
    // A graph where nothing is recognised gets entries for at most this many layers.
    private const int MostLayers = 100;

    private static readonly ImmutableArray<string> s_usual =
    [
        ComponentNames.BlockInput,
        ComponentNames.AttentionInput,
        ComponentNames.QueryOutput,
        ComponentNames.KeyOutput,
        ComponentNames.ValueOutput,
        ComponentNames.AttentionWeight,
        ComponentNames.AttentionValueOutput,
        ComponentNames.AttentionOutput,
        ComponentNames.MlpInput,
        ComponentNames.MlpActivation,
        ComponentNames.MlpOutput,
        ComponentNames.BlockOutput,
    ];

    private static readonly ImmutableArray<string> s_withoutAttention =
    [
        ComponentNames.BlockInput,
        ComponentNames.MlpInput,
        ComponentNames.MlpActivation,
        ComponentNames.MlpOutput,
        ComponentNames.BlockOutput,
    ];

    /// <summary>The layers that are recognised, stack by stack.</summary>
    public required ImmutableArray<RecognisedLayer> Layers { get; init; }

    /// <summary>The longest sequence of operators that the graph repeats; null when it repeats none.</summary>
    public required RepeatedPattern? Pattern { get; init; }

    /// <summary>
    /// The linear layers, additions of computed tensors, softmaxes and norms of a graph in which no layer is
    /// recognised; empty when one is.
    /// </summary>
    public required ImmutableArray<ComponentCandidate> Landmarks { get; init; }

    /// <summary>The components that were not found, with candidates.</summary>
    public required ImmutableArray<UnfoundComponent> NotFound { get; init; }

    /// <summary>
    /// Describes a model whose components have been looked for. O(nodes × length of the repeated sequence).
    /// </summary>
    public static GraphStructure Describe(Model model, ComponentMap map)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(map);
        var graph = model
            .Graph.AllNodes()
            .SelectMany(node => node.Subgraphs)
            .Prepend(model.Graph)
            .MaxBy(graph => graph.NodeCount)!;
        var pattern = Repetition.Longest(graph);
        var finder = new CandidateFinder(graph, map, pattern);
        return new GraphStructure
        {
            Layers = IsRecognised(map) ? Recognition.Of(model, map) : [],
            Pattern = pattern?.Describe(),
            Landmarks = map.Stacks.Length > 0 ? [] : finder.Landmarks(),
            NotFound =
            [
                .. Missing(map, pattern?.Count ?? 1, finder.HasAttention)
                    .Select(item => new UnfoundComponent(item.Address, item.Reason, finder.Near(item.Address))),
            ],
        };
    }

    private static bool IsRecognised(ComponentMap map) => map.Stacks.Length > 0 || map.LeftOut.Length > 0;

    // What was looked for and not found, what other layers have, and in a graph where nothing is recognised the usual
    // parts of a layer.
    private static IEnumerable<MissingComponent> Missing(ComponentMap map, int repetitions, bool hasAttention)
    {
        if (map.Stacks.IsEmpty)
        {
            return Enumerable
                .Range(0, Math.Min(repetitions, MostLayers))
                .SelectMany(layer =>
                    (hasAttention ? s_usual : s_withoutAttention).Select(name => new MissingComponent(
                        new ComponentAddress(layer, name),
                        "no layer is recognised in this graph"
                    ))
                );
        }

        var known = map
            .Components.Select(component => component.Address)
            .Concat(map.Missing.Select(missing => missing.Address))
            .ToHashSet();
        var absent = map
            .Stacks.SelectMany(stack => Usual(stack, known))
            .Where(address => !known.Contains(address))
            .Select(address => new MissingComponent(address, "the graph's structure shows none in this layer"));
        return map
            .Missing.Concat(absent)
            .OrderBy(missing => missing.Address.Stack, StringComparer.Ordinal)
            .ThenBy(missing => missing.Address.Layer)
            .ThenBy(missing => ComponentNames.Order(missing.Address.Name));
    }

    // In each layer of a stack, what any of its layers has.
    private static IEnumerable<ComponentAddress> Usual(ComponentStack stack, HashSet<ComponentAddress> known)
    {
        var own = stack.IsMain ? null : stack.Name;
        var names = known.Where(address => address.Stack == own).Select(address => address.Name).ToHashSet();
        if (names.Contains(ComponentNames.AttentionOutput))
            names.UnionWith(s_usual);
        return Enumerable
            .Range(0, stack.LayerCount)
            .SelectMany(layer => names.Select(name => new ComponentAddress(layer, name) { Stack = own }));
    }
}
