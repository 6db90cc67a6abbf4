using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>Turns a site's feed into the inputs that splicing added.</summary>
internal static class SiteBinding
{
    private static readonly bool[] s_all = [true];

    /// <summary>
    /// Feeds a site, as far as the session still has its inputs: a cut leaves out inputs that nothing reads.
    /// </summary>
    public static void Add(
        RunBinding binding,
        SitePorts site,
        SiteFeed feed,
        IReadOnlyDictionary<string, NodeMetadata>? inputs = null
    )
    {
        if (Has(site.ReadLocations) is { } reads)
            binding.Own(reads, Locations(feed.ReadLocations, site.LocationWidth));
        if (Has(site.WriteLocations) is { } writes)
            binding.Own(writes, Locations(feed.WriteLocations, site.LocationWidth));
        if (Has(site.Source) is { } source)
            AddSource(binding, source, site, feed);
        if (Has(site.Coefficient) is { } coefficient)
            binding.Own(coefficient, Coefficients(site, feed.Coefficients));
        if (Has(site.Mask) is { } mask)
            binding.Own(mask, Mask(feed));
        foreach (var parameter in site.Parameters.Where(parameter => Has(parameter.Input) is not null))
            AddParameter(binding, parameter, feed);

        string? Has(string? name) => name is not null && inputs?.ContainsKey(name) != false ? name : null;
    }

    /// <summary>What <see cref="Add"/> feeds, by name and shape.</summary>
    public static IEnumerable<FedInput> Shapes(SitePorts site, SiteFeed feed)
    {
        using var binding = new RunBinding([]);
        Add(binding, site, feed);
        return
        [
            .. binding.Names.Select(name => new FedInput(name, [.. binding.Find(name)!.GetTensorTypeAndShape().Shape])),
        ];
    }

    private static void AddSource(RunBinding binding, string input, SitePorts site, SiteFeed feed)
    {
        if (feed.SourceValue is { } value)
            binding.Refer(input, value.Value);
        else
            binding.Own(
                input,
                Floats(
                    feed.Source,
                    feed.SourceShape.IsEmpty ? [.. site.NeutralSourceShape] : feed.SourceShape.ToArray()
                )
            );
    }

    // Sites may share a parameter's input; one that is not fed leaves it to the others.
    private static void AddParameter(RunBinding binding, SplicedParameter parameter, SiteFeed feed)
    {
        if (feed.Parameters.GetValueOrDefault(parameter.Name) is { } given)
            binding.Refer(parameter.Input, KeptValues.Of(Shaped(given, parameter)));
        else if (binding.Find(parameter.Input) is null)
            binding.Own(parameter.Input, Floats(default, [.. parameter.Shape.Select(size => (long)size)]));
    }

    // A scalar of a file may stand for [1].
    private static NumericArray Shaped(NumericArray given, SplicedParameter parameter) =>
        given.Shape.SequenceEqual(parameter.Shape) ? given : given.Reshape(parameter.Shape.AsSpan());

    private static OrtValue Mask(SiteFeed feed) =>
        feed.Mask.IsEmpty
            ? OrtValue.CreateTensorValueFromMemory(s_all, [1, 1])
            : OrtArrays.Over(feed.Mask, [feed.Mask.Length / feed.MaskWidth, feed.MaskWidth]);

    private static OrtValue Locations(ReadOnlyMemory<long> locations, int width) =>
        OrtArrays.Over(locations, [locations.Length / width, width]);

    private static OrtValue Coefficients(SitePorts site, ReadOnlyMemory<float> numbers)
    {
        if (site.Site.Selection == SiteSelection.Whole)
            return numbers.IsEmpty ? Floats(new float[1], [1, 1, 1]) : Floats(numbers, [numbers.Length, 1, 1]);
        return Floats(numbers, [numbers.Length, .. Enumerable.Repeat(1L, site.UnitAxes)]);
    }

    private static OrtValue Floats(ReadOnlyMemory<float> numbers, long[] shape)
    {
        return OrtArrays.Over(
            numbers.IsEmpty ? new float[SizeProduct.ToMake(sizeof(float), "An input", shape)] : numbers,
            shape
        );
    }
}
