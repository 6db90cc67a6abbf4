using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Splicing;

/// <summary>Builds interventions into a copy of a model's graph.</summary>
public static class Splicer
{
    // Operators broadcast from this operator set on.
    private const int OldestOperatorSet = 7;

    // Before it, every initializer had to be listed as an input, and a splice's constants would be inputs too.
    private const int OldestIrVersion = 4;

    /// <summary>
    /// Splices every site into a copy of the model, in the order in which the graph computes their tensors; sites at
    /// one tensor keep their order, but what a module outputs comes before what the next one reads. Every read of a
    /// component sees what the intervention writes: nodes, subgraphs, graph outputs. O(nodes).
    /// </summary>
    /// <param name="model">The model, its local functions written out; it stays as it is.</param>
    /// <param name="components">The components of the same model.</param>
    /// <param name="sites">Where to intervene, and how.</param>
    /// <exception cref="InterventionException">
    /// A component is not in the model, or cannot be reached; nothing has been changed.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The components are another model's, or the model has local functions that are not written out.
    /// </exception>
    public static SplicedModel Splice(Model model, ComponentMap components, IReadOnlyList<SpliceSite> sites) =>
        Splice(model, components, sites, []);

    /// <summary>Splices every site, and opens the operators around components at which the model is cut.</summary>
    internal static SplicedModel Splice(
        Model model,
        ComponentMap components,
        IReadOnlyList<SpliceSite> sites,
        IReadOnlyList<ComponentAddress> boundaries
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(components);
        ArgumentNullException.ThrowIfNull(sites);
        Check(model, components);
        var copy = model.Copy(out var copies);
        copy.RaiseIrVersion(OldestIrVersion);
        var sources = new CopiedSources(copies);
        var sequence = new SpliceSequence(copy, components);
        var places = boundaries.Select(address => sources.Of(components.Get(address))).ToList();
        var (spliced, order) = sequence.Splice(
            [.. sites.Select((site, index) => PlacedSite.Of(site, index, components, sources))],
            places
        );
        foreach (var graph in copy.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(copy.Graph).ToList())
            GraphOrder.Sort(graph);
        GraphVerifier.Verify(copy);
        return new SplicedModel(copy, components, spliced)
        {
            Order = order,
            CountedMasks = components.CountedMasks,
            Boundaries = places.ToImmutableDictionary(place => place.Address, place => sequence.NameOf(place)),
            Inputs = [.. model.Graph.Inputs.Select(input => input.Name)],
        };
    }

    /// <summary>
    /// The numbers of sites in the order in which they act once they are spliced: that in which the graph computes
    /// their tensors. O(nodes).
    /// </summary>
    /// <exception cref="InterventionException">A component is not in the model.</exception>
    public static ImmutableArray<int> Order(ComponentMap components, IReadOnlyList<SpliceSite> sites)
    {
        ArgumentNullException.ThrowIfNull(components);
        ArgumentNullException.ThrowIfNull(sites);
        var found = sites.Select(site => components.Get(site.Address)).ToList();
        return new SiteOrder(components.Model.Graph, components).Of(found.Select(site => (site.Source, site)));
    }

    private static void Check(Model model, ComponentMap components)
    {
        if (components.Model != model)
            throw new ArgumentException("The components are those of another model.", nameof(components));
        if (!FunctionInliner.IsInlined(model))
            throw new ArgumentException(
                "The model has local functions that are not written out. Inline them, then find the components.",
                nameof(model)
            );
        if (model.OperatorSetVersion < OldestOperatorSet)
            throw new InterventionException(
                $"The model uses operator set {model.OperatorSetVersion}; interventions need {OldestOperatorSet} or "
                    + $"later."
            );
    }
}
