using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Splicing;

/// <summary>
/// The order in which sites act: that in which the graph computes their tensors, whatever names they were asked for by.
/// It is taken from a graph before anything in it is changed.
/// </summary>
internal sealed class SiteOrder
{
    // Larger than the number of components of a layer.
    private const int NamesPerLayer = 64;

    private readonly Dictionary<Node, int> _numbers = [];
    private readonly Lazy<Dictionary<Value, int>> _readers;

    /// <param name="graph">The graph.</param>
    /// <param name="components">The components of the model whose graph it is, or a copy of it.</param>
    public SiteOrder(Graph graph, ComponentMap components)
    {
        _numbers.EnsureCapacity(graph.NodeCount);
        Number(graph);
        _readers = new Lazy<Dictionary<Value, int>>(() => Readers(components));
    }

    /// <summary>Where a site acts.</summary>
    /// <param name="source">Where in the graph, in one tensor.</param>
    /// <param name="component">The component as the component map has it.</param>
    public SiteRank RankOf(ComponentSource source, Component component)
    {
        return source switch
        {
            ResidualPartSource { Node: var node } => At(node, NodeStage.Terms),
            PackedAttentionSource { Node: var node } => At(node, NodeStage.Terms),
            ResidualSumSource { Node: var node } => At(node, NodeStage.Inside),
            AttentionProbabilitySource { Node: var node } => At(node, NodeStage.Inside),
            RecurrentSource { Node: var node } => At(node, NodeStage.Inside),
            InputSource { Value: var value } => At(value.Producer, NodeStage.Read),
            _ when SourcePlaces.Values(source).First() is var value && FusedOperators.IsResidualSum(value) => At(
                value.Producer,
                NodeStage.Inside
            ),
            _ => At(SourcePlaces.Values(source).First().Producer, NodeStage.Output),
        };

        SiteRank At(Node? node, NodeStage stage) => new(node is null ? -1 : _numbers[node], stage, Reader(component));
    }

    /// <summary>The numbers of sites in the order in which they act; those of equal rank keep their order.</summary>
    /// <param name="sites">Where each is in the graph, and its component as the component map has it.</param>
    public ImmutableArray<int> Of(IEnumerable<(ComponentSource Source, Component Found)> sites) =>
        [
            .. sites
                .Select((site, index) => (Index: index, Rank: Tensors(site.Source).Max(at => RankOf(at, site.Found))))
                .OrderBy(entry => entry.Rank)
                .ThenBy(entry => entry.Index)
                .Select(entry => entry.Index),
        ];

    // One tensor in each branch, or one a step.
    private static IEnumerable<ComponentSource> Tensors(ComponentSource source) =>
        source switch
        {
            BranchSource branches => branches.Sources,
            OneBranchSource one => [one.Source],
            StepsSource steps => steps.States.Select(state => new TensorSource(state)),
            _ => [source],
        };

    // A node that holds graphs outputs its values after these have run.
    private void Number(Graph graph)
    {
        foreach (var node in GraphOrder.Of(graph))
        {
            foreach (var inner in node.Subgraphs)
                Number(inner);
            _numbers.Add(node, _numbers.Count);
        }
    }

    // A tensor that was asked for by its own name ranks as the first component there: as the output of a module where
    // it is that and the next one's input.
    private int Reader(Component component) =>
        Known(component.Address) is { } known ? known
        : SourcePlaces.Values(component.Source).FirstOrDefault() is { } value ? _readers.Value.GetValueOrDefault(value)
        : 0;

    private static Dictionary<Value, int> Readers(ComponentMap components)
    {
        var readers = new Dictionary<Value, int>();
        foreach (var component in components.Components)
        {
            if (component.Source is InputSource || Known(component.Address) is not { } reader)
                continue;
            foreach (var value in ValuesOf(component.Source))
                readers[value] = Math.Min(reader, readers.GetValueOrDefault(value, int.MaxValue));
        }

        return readers;
    }

    private static IEnumerable<Value> ValuesOf(ComponentSource source) =>
        source is ResidualSumSource { Node: var node }
            ? new[] { node.OutputOrNull(FusedOperators.SumOutput) }.OfType<Value>()
            : SourcePlaces.Values(source);

    private static int? Known(ComponentAddress address)
    {
        var name = address.Name.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal)
            ? address.Name[ComponentNames.HeadPrefix.Length..]
            : address.Name;
        var number = ComponentNames.OfLayer.IndexOf(name);
        return number < 0 ? null
            : ComponentNames.InputOf(name) == name ? (address.Layer * NamesPerLayer) + number + 1
            : 0;
    }
}
