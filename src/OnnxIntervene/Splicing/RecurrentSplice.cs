using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Splices every site of one recurrent operator at once. A step's state is changed where the run says so, each example
/// at its own steps, and later steps follow from it.
/// </summary>
internal sealed class RecurrentSplice : SiteWork
{
    // The oldest operator set with today's axes of Scan, and with Where.
    internal const int OldestOperatorSet = 9;

    private readonly GraphEditor _editor;
    private readonly Node _node;
    private readonly ImmutableArray<PlacedSite> _placed;
    private readonly ImmutableArray<RecurrentSite> _sites;

    public RecurrentSplice(GraphEditor editor, Node node, ImmutableArray<PlacedSite> placed)
    {
        editor.RequireOperatorSet(OldestOperatorSet, node);
        _editor = editor;
        _node = node;
        _placed = placed;
        _sites = [.. placed.Select(site => new RecurrentSite(editor, site))];
    }

    public override IEnumerable<SiteAction> Actions() =>
        [new SiteAction(_placed[0], _placed[0].Component.Source, () => RecurrentLoop.Splice(_editor, _sites, _node))];

    public override IEnumerable<(int Index, SitePorts Site)> Finish() =>
        _placed.Zip(_sites, (placed, site) => (placed.Index, site.Describe()));
}
