using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Takes rows of one first position up the layers: a row joins with its base's stream at its own point, and from there
/// on goes with those that joined below.
/// </summary>
internal sealed class Climb(SweepSetting setting, StaircaseRows rows, LayerSegments segments, BaseStates states)
{
    private readonly int _layerCount = setting.Model.Components.LayerCount;
    private readonly int _width = states.Width;
    private float[] _stream = [];
    private ImmutableArray<StaircaseRow> _group = [];
    private List<int> _bases = [];
    private int _first;

    /// <summary>Whether layers read keys and values of earlier positions.</summary>
    public bool HasCache { get; init; }

    private int Positions => setting.Length - _first;

    /// <summary>The stream after the last layer at each row's measured token, <c>[row, width]</c>.</summary>
    public NumericArray Run(ImmutableArray<StaircaseRow> group, CancellationToken cancellation)
    {
        (_group, _first) = (group, group[0].First);
        _bases = [.. group.Select(row => row.Cell.Base)];
        _stream = new float[group.Length * Positions * _width];
        var active = 0;
        for (var point = 0; point <= _layerCount; point++)
        {
            for (; active < group.Length && group[active].Point <= point; active++)
                states.From(point, _bases[active], _first).CopyTo(_stream.AsSpan(active * Positions * _width));
            WriteStream(point, active);
            if (active == 0 || point == _layerCount)
                continue;
            if (point == _layerCount - 1 && HasCache && !DecidesLastKeys(active))
                return LastLayer(active, cancellation);
            var result = segments.Layer(point, Whole(active, point), Feeds(point, active, _first), cancellation);
            result.Stream.Floats.CopyTo(_stream);
        }

        return Last(group.Length);
    }

    private bool DecidesLastKeys(int active) =>
        _group.Take(active).Any(row => row.Cell.Writes.Any(write => rows.DecidesLastKeys(write.Site)));

    private void WriteStream(int point, int active)
    {
        for (var row = 0; row < active; row++)
        {
            foreach (var write in _group[row].Cell.Writes)
            {
                if (rows.PointOf(write.Site) == point)
                    write.Values.Span.CopyTo(_stream.AsSpan(((row * Positions) + write.Unit - _first) * _width));
            }
        }
    }

    // Keys and values at every position; queries and all after them at the last one.
    private NumericArray LastLayer(int active, CancellationToken cancellation)
    {
        var (layer, last) = (_layerCount - 1, setting.Length - 1);
        var bases = _bases.GetRange(0, active);
        (NumericArray Keys, NumericArray Values)? before =
            Positions > 1
                ? segments.LastKeys(
                    new SegmentRun(states.TokensOf(bases, _first, last), Before(active))
                    {
                        Past = _first,
                        PastOf = (index, isKey) => states.Past(index, isKey, bases, _first),
                    },
                    cancellation
                )
                : null;
        var run = new SegmentRun(states.TokensOf(bases, last, last + 1), Last(active).Reshape(active, 1, _width))
        {
            Past = last,
            PastOf = (index, isKey) =>
                index == layer && before is var (keys, values)
                    ? (isKey ? keys : values)
                    : states.Past(index, isKey, bases, last),
        };
        var result = segments.Layer(layer, run, Feeds(layer, active, last), cancellation).Stream;
        var all = new float[_group.Length * _width];
        result.Floats.CopyTo(all);
        for (var row = active; row < _group.Length; row++)
            states.From(_layerCount, _bases[row], last).CopyTo(all.AsSpan(row * _width));
        for (var row = 0; row < _group.Length; row++)
        {
            foreach (var write in _group[row].Cell.Writes.Where(write => rows.PointOf(write.Site) == _layerCount))
                write.Values.Span.CopyTo(all.AsSpan(row * _width));
        }

        return NumericArray.Of(all, _group.Length, _width);
    }

    private SegmentRun Whole(int active, int layer)
    {
        var bases = _bases.GetRange(0, active);
        var stream = NumericArray.Of(_stream.AsMemory(0, active * Positions * _width), active, Positions, _width);
        return new SegmentRun(states.TokensOf(bases, _first, setting.Length), stream)
        {
            Past = _first,
            PastOf = (index, isKey) => states.Past(index, isKey, bases, _first),
        };
    }

    private Dictionary<ComponentAddress, SiteFeed> Feeds(int layer, int active, int first)
    {
        var feeds = new Dictionary<int, SiteWrites>();
        for (var row = 0; row < active; row++)
        {
            foreach (var write in _group[row].Cell.Writes)
            {
                if (rows.PointOf(write.Site) is not null || setting.Sites[write.Site].Layer != layer)
                    continue;
                if (!feeds.TryGetValue(write.Site, out var feed))
                    feeds.Add(write.Site, feed = new SiteWrites(setting.Grids[write.Site]));
                feed.Add(row, write.Unit, write.Values, first);
            }
        }

        return feeds.ToDictionary(feed => setting.Sites[feed.Key], feed => feed.Value.ToFeed());
    }

    // Every position but the last.
    private NumericArray Before(int active)
    {
        var size = (Positions - 1) * _width;
        var stream = new float[active * size];
        for (var row = 0; row < active; row++)
            _stream.AsSpan(row * Positions * _width, size).CopyTo(stream.AsSpan(row * size));
        return NumericArray.Of(stream, active, Positions - 1, _width);
    }

    private NumericArray Last(int active)
    {
        var stream = new float[active * _width];
        for (var row = 0; row < active; row++)
            _stream
                .AsSpan(((row * Positions) + setting.Measured - _first) * _width, _width)
                .CopyTo(stream.AsSpan(row * _width));
        return NumericArray.Of(stream, active, _width);
    }
}
