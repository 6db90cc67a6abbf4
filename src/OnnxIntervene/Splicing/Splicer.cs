using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>Builds interventions into a copy of a model's graph.</summary>
public static class Splicer
{
    // Operators broadcast from this operator set on.
    private const int OldestOperatorSet = 7;

    // Before, every constant had to be listed as an input, so that what a splice adds would be one too.
    private const int OldestIrVersion = 4;

    /// <summary>
    /// Splices every site into a copy of the model, in the order of a forward pass; sites at one component keep their
    /// order. Every read
    /// of a component sees what the intervention writes: nodes, subgraphs, graph outputs. Local functions are written
    /// out first. O(nodes).
    /// </summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="sites">Where to intervene, and how.</param>
    /// <param name="search">What is known of the components beside the graph.</param>
    /// <exception cref="InterventionException">
    /// A component is not in the model, or cannot be reached; nothing has been changed.
    /// </exception>
    public static SplicedModel Splice(
        Model model,
        IReadOnlyList<SpliceSite> sites,
        ComponentSearchOptions? search = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sites);
        if (model.OperatorSetVersion < OldestOperatorSet)
            throw new InterventionException(
                $"The model uses operator set {model.OperatorSetVersion}; interventions need {OldestOperatorSet} or "
                    + $"later."
            );
        var plain = FunctionInliner.Inline(model);
        var copy = plain.Copy();
        copy.RaiseIrVersion(OldestIrVersion);
        var map = ComponentMap.Find(copy, search);
        var components = sites.Select(site => map.Get(site.Address.Layer, site.Address.Name)).ToList();
        var moduleInputs = sites
            .Select(site => site.ModuleInput is { } input ? map.Get(input.Layer, input.Name) : null)
            .ToList();
        var editor = new GraphEditor(copy);
        var places = new ComponentPlaces(editor);
        foreach (var component in components.Concat(moduleInputs.OfType<Component>()))
            places.Open(component.Source);
        var spliced = new SplicedSite[sites.Count];
        foreach (var index in SiteOrder.Forward(sites).Where(index => !RecurrentSplice.Applies(components[index])))
        {
            spliced[index] =
                components[index].Source is BodySource
                    ? BodySplice.Splice(editor, sites[index], components[index], index)
                    : SiteSplice.Splice(editor, places, sites[index], components[index], moduleInputs[index], index);
        }

        foreach (
            var layer in SiteOrder
                .Forward(sites)
                .Where(index => RecurrentSplice.Applies(components[index]))
                .GroupBy(index => components[index])
        )
            RecurrentSplice.Splice(editor, layer.Key, [.. layer], sites, spliced);
        foreach (var graph in copy.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(copy.Graph).ToList())
            GraphOrder.Sort(graph);
        GraphVerifier.Verify(copy);
        return new SplicedModel(copy, map, [.. spliced])
        {
            CountedMasks = CountedMask.All(plain.Graph),
            Inputs = [.. plain.Graph.Inputs.Select(input => input.Name)],
        };
    }
}
