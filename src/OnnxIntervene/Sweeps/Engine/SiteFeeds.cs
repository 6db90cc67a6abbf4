using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>What the sites of a session are fed in one run.</summary>
internal sealed class SiteFeeds(SweepSetting setting, InterventionSession session)
{
    private readonly Dictionary<int, SiteWrites> _writes = [];

    /// <summary>Puts what a cell writes into a row.</summary>
    /// <param name="row">The row of the run.</param>
    /// <param name="write">What is written.</param>
    /// <param name="first">The first position that the row computes.</param>
    public void Add(int row, CellWrite write, int first)
    {
        if (!_writes.TryGetValue(write.Site, out var writes))
            _writes.Add(write.Site, writes = new SiteWrites(setting.Grids[write.Site]));
        writes.Add(row, write.Unit, write.Values, first);
    }

    /// <summary>The feeds in the order of the session's sites.</summary>
    public IReadOnlyList<SiteFeed> ToFeeds() =>
        [
            .. session.Spliced.Sites.Select(site =>
                _writes.GetValueOrDefault(setting.Sites.IndexOf(site.Site.Address))?.ToFeed() ?? SiteFeed.Neutral
            ),
        ];
}
