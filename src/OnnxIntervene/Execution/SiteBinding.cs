using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Execution;

/// <summary>Turns what a site is fed into the inputs that splicing gave it.</summary>
internal static class SiteBinding
{
    public static void Add(Dictionary<string, OrtValue> values, SplicedSite site, SiteFeed feed)
    {
        if (site.ReadLocations is { } reads)
            values[reads] = Locations(feed.ReadLocations, site.LocationWidth);
        if (site.WriteLocations is { } writes)
            values[writes] = Locations(feed.WriteLocations, site.LocationWidth);
        if (site.Source is { } source)
            values[source] = Floats(feed.Source, feed.SourceShape.IsEmpty ? NeutralShape(site) : feed.SourceShape.ToArray());
        if (site.Coefficient is { } coefficient)
            values[coefficient] = Coefficients(site, feed.Coefficients);
    }

    private static OrtValue Locations(ReadOnlyMemory<long> locations, int width) =>
        OrtValue.CreateTensorValueFromMemory(locations.ToArray(), [locations.Length / width, width]);

    private static OrtValue Coefficients(SplicedSite site, ReadOnlyMemory<float> numbers)
    {
        if (site.Site.Selection == SiteSelection.Whole)
            return numbers.IsEmpty ? Floats(new float[1], [1, 1, 1]) : Floats(numbers, [numbers.Length, 1, 1]);
        return Floats(numbers, [numbers.Length, .. Enumerable.Repeat(1L, site.Component.UnitAxes)]);
    }

    // No units; or, where the whole tensor is meant, one number that the coefficient 0 takes out.
    private static long[] NeutralShape(SplicedSite site)
    {
        if (site.Site.Selection == SiteSelection.Whole)
            return [1, 1, 1];
        return site.Component is { UnitAxes: 1, Width: > 0 and var width }
            ? [0, width]
            : [0, .. Enumerable.Repeat(1L, site.Component.UnitAxes)];
    }

    private static OrtValue Floats(ReadOnlyMemory<float> numbers, long[] shape)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        return OrtValue.CreateTensorValueFromMemory(numbers.IsEmpty ? new float[count] : numbers.ToArray(), shape);
    }
}
