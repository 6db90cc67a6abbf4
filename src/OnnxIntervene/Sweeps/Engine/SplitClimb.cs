using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Takes rows up the layers. In each layer the tokens of all rows that differ from their bases are projected together;
/// attention runs for rows that begin at about one position; and the tokens that differ then go on together.
/// </summary>
internal sealed class SplitClimb(
    SweepSetting setting,
    StaircaseRows rows,
    SplitLayers layers,
    SplitSchedule schedule,
    BaseStates states
)
{
    private readonly TokenRuns _runs = new();
    private readonly int _width = states.Width;
    private ImmutableArray<StaircaseRow> _group = [];
    private float[][] _streams = [];
    private Dictionary<RowToken, List<CellWrite>> _writes = [];
    private (MixingGroup? Group, int Place)[] _places = [];

    /// <summary>The stream after the last layer at each row's measured token, <c>[row, width]</c>.</summary>
    public NumericArray Run(ImmutableArray<StaircaseRow> group, CancellationToken cancellation)
    {
        _group = group;
        _streams = new float[group.Length][];
        var number = 0;
        foreach (var works in schedule.Of(group))
        {
            Enter(number);
            if (works.Count > 0)
                Layer(number, works, cancellation);
            number++;
        }

        Enter(layers.Count);
        var last = new float[group.Length * _width];
        for (var row = 0; row < group.Length; row++)
            StreamAt(new RowToken(row, setting.Measured)).CopyTo(last.AsSpan(row * _width));
        return NumericArray.Of(last, group.Length, _width);
    }

    /// <summary>How many tokens attention may take at once.</summary>
    public required int MostTokens { get; init; }

    // Rows join with their bases' streams, and what cells write into the stream is written.
    private void Enter(int point)
    {
        for (var row = 0; row < _group.Length; row++)
        {
            var (_, cell, joins, first) = _group[row];
            if (joins == point)
                _streams[row] = states.From(point, cell.Base, first).ToArray();
            foreach (var write in cell.Writes)
            {
                if (rows.PointOf(write.Site) == point)
                    write.Values.Span.CopyTo(StreamAt(new RowToken(row, write.Unit)));
            }
        }
    }

    private Span<float> StreamAt(RowToken token) =>
        _streams[token.Row].AsSpan((token.Position - _group[token.Row].First) * _width, _width);

    private void Layer(int number, IReadOnlyList<RowWork> works, CancellationToken cancellation)
    {
        var layer = layers[number];
        var groups = Groups(number, layer, works);
        try
        {
            Project(number, layer, works, cancellation);
            foreach (var group in groups)
                Mix(number, layer, group, cancellation);
            Carry(number, layer, works, cancellation);
        }
        finally
        {
            groups.ForEach(group => group.Forget());
        }
    }

    private List<MixingGroup> Groups(int number, SplitLayer layer, IReadOnlyList<RowWork> works)
    {
        var groups = MixingGroup
            .Divide(works, MostTokens, setting.Length, layers.HasCache)
            .Select(some => MixingGroup.Of(states, number, layer.Projections, some, BaseOf, layers.HasCache))
            .ToList();
        _places = new (MixingGroup?, int)[_group.Length];
        foreach (var group in groups)
        {
            for (var place = 0; place < group.Rows.Length; place++)
                _places[group.Rows[place].Row] = (group, place);
        }

        return groups;

        int BaseOf(RowWork work) => _group[work.Row].Cell.Base;
    }

    private void Project(int number, SplitLayer layer, IReadOnlyList<RowWork> works, CancellationToken cancellation)
    {
        var session = layer[LayerPart.Projection];
        Collect(number, works, LayerPart.Projection);
        _runs.Run(
            session,
            [.. works.SelectMany(work => work.Projected.Select(position => new RowToken(work.Row, position)))],
            [new TokenInput(session.Spliced.Boundaries[layer.Start], [_width], token => StreamAt(token))],
            tokens => Feeds(session, tokens),
            layer.Projections,
            (tokens, results) =>
            {
                for (var index = 0; index < results.Count; index++)
                    Keep(layer.Projections[index], tokens, results[index].Floats);
            },
            cancellation
        );
    }

    private void Keep(string name, RowToken[] tokens, ReadOnlySpan<float> values)
    {
        var size = values.Length / tokens.Length;
        for (var index = 0; index < tokens.Length; index++)
        {
            var (group, place) = _places[tokens[index].Row];
            values.Slice(index * size, size).CopyTo(group!.At(name, place, tokens[index].Position));
        }
    }

    private void Mix(int number, SplitLayer layer, MixingGroup group, CancellationToken cancellation)
    {
        var feeds = new SiteFeeds(setting, layer[LayerPart.Mixing]);
        for (var place = 0; place < group.Rows.Length; place++)
        {
            foreach (var write in schedule.WritesOf(_group[group.Rows[place].Row].Cell, number, LayerPart.Mixing))
                feeds.Add(place, write, group.First);
        }

        group.Mix(layer, feeds.ToFeeds(), cancellation);
    }

    private void Carry(int number, SplitLayer layer, IReadOnlyList<RowWork> works, CancellationToken cancellation)
    {
        var session = layer[LayerPart.Transition];
        var boundaries = session.Spliced.Boundaries;
        Collect(number, works, LayerPart.Transition);
        _runs.Run(
            session,
            [.. works.SelectMany(work => work.Carried.Select(position => new RowToken(work.Row, position)))],
            [
                new TokenInput(boundaries[layer.Start], [_width], token => StreamAt(token)),
                new TokenInput(layer.Mixed, states.ShapeBetween(number, layer.Mixed), Mixed),
            ],
            tokens => Feeds(session, tokens),
            [boundaries[layer.End]],
            (tokens, results) =>
            {
                for (var index = 0; index < tokens.Length; index++)
                    results[0].Floats.Slice(index * _width, _width).CopyTo(StreamAt(tokens[index]));
            },
            cancellation
        );
        foreach (var work in works)
            Restore(number + 1, work);

        ReadOnlySpan<float> Mixed(RowToken token)
        {
            var (row, position) = token;
            if (_places[row] is (MixingGroup group, var place))
                return group.MixedAt(place, position);
            var values = states.Between(number, layer.Mixed, _group[row].Cell.Base, position);
            return values[..(values.Length / (setting.Length - position))];
        }
    }

    // What a row did not compute is its base's.
    private void Restore(int point, RowWork work)
    {
        var (_, cell, _, first) = _group[work.Row];
        if (work.Carried.Length == setting.Length - first)
            return;
        var own = work.Carried.ToHashSet();
        for (var position = first; position < setting.Length; position++)
        {
            if (!own.Contains(position))
                states.From(point, cell.Base, position)[.._width].CopyTo(StreamAt(new RowToken(work.Row, position)));
        }
    }

    private void Collect(int number, IReadOnlyList<RowWork> works, LayerPart part)
    {
        _writes = [];
        foreach (var work in works)
        {
            foreach (var write in schedule.WritesOf(_group[work.Row].Cell, number, part))
            {
                var token = new RowToken(work.Row, setting.Grids[write.Site].PositionOf(write.Unit));
                if (!_writes.TryGetValue(token, out var writes))
                    _writes.Add(token, writes = []);
                writes.Add(write);
            }
        }
    }

    private IReadOnlyList<SiteFeed> Feeds(InterventionSession session, RowToken[] tokens)
    {
        var feeds = new SiteFeeds(setting, session);
        for (var index = 0; _writes.Count > 0 && index < tokens.Length; index++)
        {
            foreach (var write in _writes.GetValueOrDefault(tokens[index]) ?? [])
                feeds.Add(index, write, tokens[index].Position);
        }

        return feeds.ToFeeds();
    }
}
