using OnnxIntervene.Splicing;

namespace OnnxIntervene.Runtime;

/// <summary>Two lists of sites are one structure of graph when their sites are equal, one by one.</summary>
internal sealed class SiteListComparer : IEqualityComparer<IReadOnlyList<SpliceSite>>
{
    public static SiteListComparer Instance { get; } = new();

    public bool Equals(IReadOnlyList<SpliceSite>? x, IReadOnlyList<SpliceSite>? y) =>
        ReferenceEquals(x, y) || (x is not null && y is not null && x.SequenceEqual(y));

    public int GetHashCode(IReadOnlyList<SpliceSite> obj)
    {
        var hash = new HashCode();
        foreach (var site in obj)
            hash.Add(site);
        return hash.ToHashCode();
    }
}
