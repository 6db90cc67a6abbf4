using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps;

/// <summary>Collects what one site writes into the rows of a batch: units of a clean run, put back.</summary>
internal sealed class Restoration(UnitGrid grid, NumericArray clean)
{
    private readonly List<long> _locations = [];
    private readonly List<float> _source = [];

    /// <summary>Puts a unit of the clean run into an example.</summary>
    public void Add(int example, int unit)
    {
        var width = clean.Length / clean.Shape[0];
        _locations.AddRange(grid.Location(example, unit));
        _source.AddRange(clean.Floats.Slice(unit * width, width));
    }

    /// <summary>The inputs that the site is fed.</summary>
    public SiteFeed ToFeed() =>
        _locations.Count == 0
            ? SiteFeed.Neutral
            : new SiteFeed
            {
                WriteLocations = _locations.ToArray(),
                Source = _source.ToArray(),
                SourceShape = (long[])
                    [
                        _source.Count / (clean.Length / clean.Shape[0]),
                        .. clean.Shape.AsSpan()[1..].ToArray().Select(size => (long)size),
                    ],
            };
}
