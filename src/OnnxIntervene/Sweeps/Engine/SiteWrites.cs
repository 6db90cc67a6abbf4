using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Collects what one site writes into the rows of a run.</summary>
/// <param name="grid">The units of its component.</param>
internal sealed class SiteWrites(UnitGrid grid)
{
    private readonly List<long> _locations = [];
    private readonly List<float> _source = [];
    private int _count;

    /// <summary>Puts values into a unit of a row.</summary>
    /// <param name="row">The row of the run.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="values">What is written.</param>
    /// <param name="first">The first position that the row computes.</param>
    public void Add(int row, int unit, ReadOnlyMemory<float> values, int first = 0)
    {
        _locations.AddRange(grid.Location(row, unit, first));
        _source.AddRange(values.Span);
        _count++;
    }

    /// <summary>The inputs that the site is fed.</summary>
    public SiteFeed ToFeed() =>
        _count == 0
            ? SiteFeed.Neutral
            : new SiteFeed
            {
                WriteLocations = _locations.ToArray(),
                Source = _source.ToArray(),
                SourceShape = grid.UnitShape(_source.Count / _count) is var unit ? (long[])[_count, .. unit] : [],
            };
}
