using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Runtime;

/// <summary>Turns what a site is fed into the inputs that splicing gave it.</summary>
internal static class SiteBinding
{
    private static readonly bool[] s_all = [true];

    public static void Add(Dictionary<string, OrtValue> values, SplicedSite site, SiteFeed feed)
    {
        if (site.ReadLocations is { } reads)
            values[reads] = Locations(feed.ReadLocations, site.LocationWidth);
        if (site.WriteLocations is { } writes)
            values[writes] = Locations(feed.WriteLocations, site.LocationWidth);
        if (site.Source is { } source)
            values[source] = Floats(
                feed.Source,
                feed.SourceShape.IsEmpty ? [.. site.NeutralSourceShape] : feed.SourceShape.ToArray()
            );
        if (site.Coefficient is { } coefficient)
            values[coefficient] = Coefficients(site, feed.Coefficients);
        if (site.Mask is { } mask)
            values[mask] = Mask(feed);
        foreach (var parameter in site.Parameters)
            AddParameter(values, parameter, feed);
    }

    /// <summary>What <see cref="Add"/> feeds, by name and shape.</summary>
    public static IEnumerable<FedInput> Shapes(SplicedSite site, SiteFeed feed)
    {
        var values = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
        Add(values, site, feed);
        foreach (var (name, value) in values)
        {
            using (value)
                yield return new FedInput(name, [.. value.GetTensorTypeAndShape().Shape]);
        }
    }

    // Sites may share a parameter's input; one that is not fed leaves it to the others.
    private static void AddParameter(Dictionary<string, OrtValue> values, SplicedParameter parameter, SiteFeed feed)
    {
        var given = feed.Parameters.GetValueOrDefault(parameter.Name);
        if (values.TryGetValue(parameter.Input, out var earlier))
        {
            if (given is null)
                return;
            earlier.Dispose();
        }

        values[parameter.Input] = Floats(
            given?.FloatMemory ?? default,
            [.. parameter.Shape.Select(size => (long)size)]
        );
    }

    private static OrtValue Mask(SiteFeed feed) =>
        feed.Mask.IsEmpty
            ? OrtValue.CreateTensorValueFromMemory(s_all, [1, 1])
            : OrtValue.CreateTensorValueFromMemory(
                feed.Mask.ToArray(),
                [feed.Mask.Length / feed.MaskWidth, feed.MaskWidth]
            );

    private static OrtValue Locations(ReadOnlyMemory<long> locations, int width) =>
        OrtValue.CreateTensorValueFromMemory(locations.ToArray(), [locations.Length / width, width]);

    private static OrtValue Coefficients(SplicedSite site, ReadOnlyMemory<float> numbers)
    {
        if (site.Site.Selection == SiteSelection.Whole)
            return numbers.IsEmpty ? Floats(new float[1], [1, 1, 1]) : Floats(numbers, [numbers.Length, 1, 1]);
        return Floats(numbers, [numbers.Length, .. Enumerable.Repeat(1L, site.UnitAxes)]);
    }

    private static OrtValue Floats(ReadOnlyMemory<float> numbers, long[] shape)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        return OrtValue.CreateTensorValueFromMemory(numbers.IsEmpty ? new float[count] : numbers.ToArray(), shape);
    }
}
