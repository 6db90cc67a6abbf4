using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>The splicing of sites into a model's copy: the actions of all sites in the order of the graph.</summary>
internal sealed class SpliceSequence
{
    private readonly SiteOrder _order;
    private readonly GraphEditor _editor;
    private readonly ComponentPlaces _places;

    public SpliceSequence(Model copy, ComponentMap components)
    {
        _order = new SiteOrder(copy.Graph, components);
        _editor = new GraphEditor(copy);
        _places = new ComponentPlaces(_editor);
    }

    /// <summary>Splices the sites; returns the spliced sites, and the order in which they act.</summary>
    public (ImmutableArray<SitePorts> Sites, ImmutableArray<int> Order) Splice(
        ImmutableArray<PlacedSite> sites,
        IReadOnlyList<Component> boundaries
    )
    {
        // Before anything is opened or changed: ranks are those of the file.
        var works = Works(sites).ToList();
        var actions = works
            .SelectMany(work => work.Actions())
            .Select(action => (Action: action, Rank: _order.RankOf(action.Source, action.Site.Found)))
            .OrderBy(entry => entry.Rank)
            .ThenBy(entry => entry.Action.Site.Index)
            .ToList();
        var order = _order.Of(sites.Select(site => (site.Component.Source, site.Found)));
        var components = sites.SelectMany(site => new[] { site.Component, site.ModuleInput }).Concat(boundaries);
        foreach (var source in InOrder(components.OfType<Component>().Select(component => component.Source)))
            _places.Open(source);
        foreach (var (action, _) in actions)
            action.Splice();
        return (
            [.. works.SelectMany(work => work.Finish()).OrderBy(done => done.Index).Select(done => done.Site)],
            order
        );
    }

    /// <summary>The tensor that holds a component after all sites.</summary>
    public string NameOf(Component boundary) => _places.Current(boundary.Source).Name;

    // In the order of the graph: what layers share is computed from what the first that is opened reads.
    private List<ComponentSource> InOrder(IEnumerable<ComponentSource> sources)
    {
        var ranks = _editor.Graph.Nodes.Select((node, rank) => (node, rank)).ToDictionary();
        return
        [
            .. sources.OrderBy(source =>
                SourcePlaces.OpenedNode(source) is { } node ? ranks.GetValueOrDefault(node, -1) : -1
            ),
        ];
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
