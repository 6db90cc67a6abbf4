using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Splicing;

/// <summary>In which order sites act.</summary>
public static class SiteOrder
{
    /// <summary>
    /// The sites' numbers in the order of a forward pass; sites at one component keep their order. A layer's output and
    /// the next one's input
    /// can be one tensor: what comes first in the model acts first on it.
    /// </summary>
    public static IEnumerable<int> Forward(IReadOnlyList<SpliceSite> sites)
    {
        ArgumentNullException.ThrowIfNull(sites);
        return Enumerable
            .Range(0, sites.Count)
            .OrderBy(index => sites[index].Address.Layer)
            .ThenBy(index => ComponentNames.OfLayer.IndexOf(WithoutHeads(sites[index].Address.Name)));
    }

    private static string WithoutHeads(string name) =>
        name.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal)
            ? name[ComponentNames.HeadPrefix.Length..]
            : name;
}
