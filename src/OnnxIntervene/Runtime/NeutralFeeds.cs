using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Runtime;

/// <summary>
/// The feeds of sites that do nothing in a run: made once for a session, since most sites of a sweep do nothing.
/// </summary>
internal sealed class NeutralFeeds(ImmutableArray<SitePorts> sites, IReadOnlyDictionary<string, NodeMetadata> inputs)
    : IDisposable
{
    private readonly RunBinding?[] _feeds = new RunBinding?[sites.Length];

    /// <summary>Feeds a site that does nothing.</summary>
    public void Add(RunBinding binding, int index)
    {
        var feed = LazyInitializer.EnsureInitialized(ref _feeds[index], () => Create(sites[index]));
        foreach (var name in feed.Names)
        {
            // Sites may share a parameter's input: a site that feeds it goes first.
            if (binding.Find(name) is null)
                binding.Refer(name, feed.Find(name)!);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var feed in _feeds)
            feed?.Dispose();
    }

    private RunBinding Create(SitePorts site)
    {
        var feed = new RunBinding([]);
        SiteBinding.Add(feed, site, SiteFeed.Neutral, inputs);
        return feed;
    }
}
