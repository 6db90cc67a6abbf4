using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Generation;

/// <summary>
/// What a site is fed, changed unit by unit: some examples only, other positions, other coefficients.
/// </summary>
internal static class FeedRows
{
    /// <summary>The same with every coefficient multiplied.</summary>
    public static SiteFeed Scaled(SiteFeed feed, float factor) =>
        factor == 1
            ? feed
            : feed with
            {
                Coefficients = Array.ConvertAll(feed.Coefficients.ToArray(), coefficient => coefficient * factor),
            };

    /// <summary>The same for some examples; the others are left as the model computes them.</summary>
    /// <param name="feed">What the site is fed.</param>
    /// <param name="selection">Whether the site chooses units.</param>
    /// <param name="width">How many numbers address a unit.</param>
    /// <param name="acts">Whether an example is changed.</param>
    public static SiteFeed Of(SiteFeed feed, SiteSelection selection, int width, IReadOnlyList<bool> acts)
    {
        if (acts.All(act => act))
            return feed;
        if (!acts.Any(act => act))
            return Silent(feed);
        if (selection == SiteSelection.Whole)
            return Muted(feed, acts);
        var units = feed.WriteLocations.Length / width;
        var kept = Enumerable
            .Range(0, units)
            .Where(unit => acts[(int)feed.WriteLocations.Span[unit * width]])
            .ToArray();
        return feed with
        {
            WriteLocations = Rows(feed.WriteLocations, units, kept),
            Coefficients = Rows(feed.Coefficients, units, kept),
            Source = Rows(feed.Source, units, kept),
            SourceShape = Shrunk(feed.SourceShape, units, kept.Length),
            Mask = Masked(feed, units, kept),
        };
    }

    /// <summary>The units to read of some examples.</summary>
    /// <param name="feed">What the site is fed.</param>
    /// <param name="width">How many numbers address a unit.</param>
    /// <param name="acts">Whether an example is read.</param>
    public static SiteFeed Reading(SiteFeed feed, int width, IReadOnlyList<bool> acts)
    {
        var units = feed.ReadLocations.Length / width;
        int[] kept = [.. Enumerable.Range(0, units).Where(unit => acts[(int)feed.ReadLocations.Span[unit * width]])];
        return kept.Length == 0 ? SiteFeed.Neutral : new() { ReadLocations = Rows(feed.ReadLocations, units, kept) };
    }

    /// <summary>The same parameters, and nothing to do.</summary>
    public static SiteFeed Silent(SiteFeed feed) =>
        feed.Parameters.IsEmpty ? SiteFeed.Neutral : SiteFeed.Neutral with { Parameters = feed.Parameters };

    /// <summary>The same with each unit's position moved.</summary>
    /// <param name="feed">What the site is fed.</param>
    /// <param name="width">How many numbers address a unit: example, position, and what else there is.</param>
    /// <param name="distance">How far the units of an example are moved.</param>
    public static SiteFeed Moved(SiteFeed feed, int width, Func<int, int> distance)
    {
        return feed with
        {
            ReadLocations = Moved(feed.ReadLocations.ToArray()),
            WriteLocations = Moved(feed.WriteLocations.ToArray()),
        };

        long[] Moved(long[] locations)
        {
            for (var start = 0; start < locations.Length; start += width)
                locations[start + 1] += distance((int)locations[start]);
            return locations;
        }
    }

    /// <summary>The units of several feeds of one site, as one.</summary>
    public static SiteFeed Joined(IReadOnlyList<SiteFeed> feeds)
    {
        var parts = feeds.Where(feed => !feed.WriteLocations.IsEmpty).ToList();
        if (parts.Count <= 1)
            return parts.FirstOrDefault(feeds[0]);
        return parts[0] with
        {
            WriteLocations = Joined(parts, feed => feed.WriteLocations),
            Coefficients = Joined(parts, feed => feed.Coefficients),
            Source = Joined(parts, feed => feed.Source),
            SourceShape = parts[0].SourceShape.IsEmpty
                ? default
                : new[] { parts.Sum(feed => feed.SourceShape.Span[0]) }
                    .Concat(parts[0].SourceShape.ToArray()[1..])
                    .ToArray(),
            Mask = Joined(parts, feed => feed.Mask),
        };
    }

    private static ReadOnlyMemory<T> Joined<T>(List<SiteFeed> parts, Func<SiteFeed, ReadOnlyMemory<T>> select) =>
        parts.SelectMany(part => select(part).ToArray()).ToArray();

    // A coefficient an example: 0 leaves it as it was.
    private static SiteFeed Muted(SiteFeed feed, IReadOnlyList<bool> acts)
    {
        var coefficients = feed.Coefficients.ToArray();
        for (var example = 0; example < coefficients.Length; example++)
            coefficients[example] = acts[example] ? coefficients[example] : 0;
        return feed with { Coefficients = coefficients };
    }

    // Several units may be one row; rows do not go over examples.
    private static ReadOnlyMemory<bool> Masked(SiteFeed feed, int units, int[] kept)
    {
        if (feed.MaskWidth == 0)
            return feed.Mask;
        var rows = feed.Mask.Length / feed.MaskWidth;
        var unitsPerRow = units / rows;
        return Rows(
            feed.Mask,
            rows,
            [.. kept.Where(unit => unit % unitsPerRow == 0).Select(unit => unit / unitsPerRow)]
        );
    }

    private static ReadOnlyMemory<long> Shrunk(ReadOnlyMemory<long> shape, int units, int kept) =>
        shape.IsEmpty ? shape : new[] { shape.Span[0] * kept / units }.Concat(shape.ToArray()[1..]).ToArray();

    private static ReadOnlyMemory<T> Rows<T>(ReadOnlyMemory<T> all, int units, int[] kept)
    {
        if (all.IsEmpty)
            return all;
        var size = all.Length / units;
        var rows = new T[kept.Length * size];
        for (var place = 0; place < kept.Length; place++)
            all.Span.Slice(kept[place] * size, size).CopyTo(rows.AsSpan(place * size));
        return rows;
    }
}
