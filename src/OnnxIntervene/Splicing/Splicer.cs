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
    /// order. Every read of a component sees what the intervention writes: nodes, subgraphs, graph outputs. O(nodes).
    /// </summary>
    /// <param name="model">The model, its local functions written out; it stays as it is.</param>
    /// <param name="components">The components of this very model.</param>
    /// <param name="sites">Where to intervene, and how.</param>
    /// <exception cref="InterventionException">
    /// A component is not in the model, or cannot be reached; nothing has been changed.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The components are another model's, or the model has local functions that are not written out.
    /// </exception>
    public static SplicedModel Splice(Model model, ComponentMap components, IReadOnlyList<SpliceSite> sites)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(components);
        ArgumentNullException.ThrowIfNull(sites);
        Check(model, components);
        var found = sites.Select(site => components.Get(site.Address.Layer, site.Address.Name)).ToList();
        var foundInputs = sites
            .Select(site => site.ModuleInput is { } input ? components.Get(input.Layer, input.Name) : null)
            .ToList();
        var copy = model.Copy(out var copies);
        copy.RaiseIrVersion(OldestIrVersion);
        var sources = new CopiedSources(copies);
        var placed = found.Select(sources.Of).ToList();
        var moduleInputs = foundInputs.Select(input => input is null ? null : sources.Of(input)).ToList();
        var editor = new GraphEditor(copy);
        var places = new ComponentPlaces(editor);
        foreach (var component in placed.Concat(moduleInputs.OfType<Component>()))
            places.Open(component.Source);
        var spliced = new SplicedSite[sites.Count];
        foreach (var index in SiteOrder.Forward(sites).Where(index => !RecurrentSplice.Applies(placed[index])))
        {
            spliced[index] =
                placed[index].Source is BodySource
                    ? BodySplice.Splice(editor, sites[index], placed[index], index)
                    : SiteSplice.Splice(editor, places, sites[index], placed[index], moduleInputs[index], index);
        }

        foreach (
            var layer in SiteOrder
                .Forward(sites)
                .Where(index => RecurrentSplice.Applies(placed[index]))
                .GroupBy(index => placed[index])
        )
            RecurrentSplice.Splice(editor, layer.Key, [.. layer], sites, spliced);
        foreach (var graph in copy.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(copy.Graph).ToList())
            GraphOrder.Sort(graph);
        GraphVerifier.Verify(copy);
        return new SplicedModel(
            copy,
            components,
            [.. spliced.Select((site, index) => site with { Component = found[index] })]
        )
        {
            CountedMasks = components.CountedMasks,
            Inputs = [.. model.Graph.Inputs.Select(input => input.Name)],
        };
    }

    private static void Check(Model model, ComponentMap components)
    {
        if (components.Model != model)
            throw new ArgumentException("The components are those of another model.", nameof(components));
        if (!FunctionInliner.IsInlined(model))
            throw new ArgumentException(
                "The model has local functions that are not written out. Inline them, and find the components then.",
                nameof(model)
            );
        if (model.OperatorSetVersion < OldestOperatorSet)
            throw new InterventionException(
                $"The model uses operator set {model.OperatorSetVersion}; interventions need {OldestOperatorSet} or "
                    + $"later."
            );
    }
}
