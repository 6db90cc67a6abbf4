using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>The splicing of sites into a model's copy: the steps of all sites in the order of the graph.</summary>
internal sealed class ModelSplice
{
    private readonly SiteOrder _order;
    private readonly GraphEditor _editor;
    private readonly ComponentPlaces _places;

    public ModelSplice(Model copy, ComponentMap components)
    {
        _order = new SiteOrder(copy.Graph, components);
        _editor = new GraphEditor(copy);
        _places = new ComponentPlaces(_editor);
    }

    /// <summary>Splices the sites; returns the spliced sites, and the order in which they act.</summary>
    public (ImmutableArray<SplicedSite> Sites, ImmutableArray<int> Order) Splice(ImmutableArray<PlacedSite> sites)
    {
        // Before anything is opened or changed: places are those of the file.
        var works = Works(sites).ToList();
        var steps = works
            .SelectMany(work => work.Steps())
            .Select(step => (Step: step, Place: _order.PlaceOf(step.Source, step.Site.Found)))
            .OrderBy(entry => entry.Place)
            .ThenBy(entry => entry.Step.Site.Index)
            .ToList();
        var order = _order.Of(sites.Select(site => (site.Component.Source, site.Found)));
        foreach (var component in sites.SelectMany(site => new[] { site.Component, site.ModuleInput }))
        {
            if (component is not null)
                _places.Open(component.Source);
        }

        foreach (var (step, _) in steps)
            step.Splice();
        return (
            [.. works.SelectMany(work => work.Finish()).OrderBy(done => done.Index).Select(done => done.Site)],
            order
        );
    }

    private IEnumerable<SiteWork> Works(ImmutableArray<PlacedSite> sites)
    {
        foreach (var layer in sites.Where(IsRecurrent).GroupBy(site => ((RecurrentSource)site.Component.Source).Node))
            yield return new RecurrentSplice(_editor, layer.Key, [.. layer]);
        foreach (var site in sites.Where(site => !IsRecurrent(site)))
        {
            yield return site.Component.Source switch
            {
                StepsSource => new StepsSplice(_editor, site),
                BodySource => new BodySplice(_editor, site),
                _ => new UnitSplice(_editor, _places, site),
            };
        }
    }

    private static bool IsRecurrent(PlacedSite site) => site.Component.Source is RecurrentSource;
}
