using OnnxIntervene.Components;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>Builds interventions into a copy of a model's graph.</summary>
public static class Splicer
{
    // GatherND and ScatterND, which address units, came with this operator set.
    private const int OldestOperatorSet = 11;

    /// <summary>
    /// Splices every site into a copy of the model, in the order of a forward pass; sites at one component keep their order. Every read
    /// of a component sees what the intervention writes: nodes, subgraphs, graph outputs. O(nodes).
    /// </summary>
    /// <exception cref="InterventionException">A component is not in the model, or cannot be reached; nothing has been changed.</exception>
    public static SplicedModel Splice(Model model, IReadOnlyList<SpliceSite> sites)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sites);
        if (model.OperatorSetVersion < OldestOperatorSet)
            throw new InterventionException($"The model uses operator set {model.OperatorSetVersion}; interventions need {OldestOperatorSet} or later.");
        var copy = model.Copy();
        var map = ComponentMap.Find(copy);
        var components = sites.Select(site => map.Get(site.Address.Layer, site.Address.Name)).ToList();
        var moduleInputs = sites.Select(site => site.ModuleInput is { } input ? map.Get(input.Layer, input.Name) : null).ToList();
        var editor = new GraphEditor(copy);
        foreach (var component in components.Concat(moduleInputs.OfType<Component>()))
            editor.Open(component.Source);
        var spliced = new SplicedSite[sites.Count];
        foreach (var index in SiteOrder.Forward(sites).Where(index => !RecurrentSplice.Applies(components[index])))
            spliced[index] = SiteSplice.Splice(editor, sites[index], components[index], moduleInputs[index], index);
        foreach (var layer in SiteOrder.Forward(sites).Where(index => RecurrentSplice.Applies(components[index])).GroupBy(index => components[index]))
            RecurrentSplice.Splice(editor, layer.Key, [.. layer], sites, spliced);
        foreach (var graph in copy.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(copy.Graph).ToList())
            GraphOrder.Sort(graph);
        GraphVerifier.Verify(copy);
        return new SplicedModel(copy, map, [.. spliced]) { CountedMasks = CountedMask.All(model.Graph) };
    }
}
