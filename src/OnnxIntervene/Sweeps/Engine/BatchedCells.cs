using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Runs the whole model for each cell: cells are rows of a batch, or each has a run of its own.</summary>
internal sealed class BatchedCells : CellRunner
{
    private readonly SweepSetting _setting;
    private readonly SessionLease _lease;
    private readonly AnswerLogits _logits;
    private readonly int _mostRows;
    private readonly bool _hasNoise;
    private int _vocabulary = 1;

    /// <param name="setting">The sweep.</param>
    /// <param name="mostRows">How many cells may share a run.</param>
    public BatchedCells(SweepSetting setting, int mostRows)
    {
        _setting = setting;
        _mostRows = mostRows;
        _logits = new AnswerLogits(setting.Bases[0].Inputs, setting.MetricPosition);
        _hasNoise = setting.Bases.Any(item => item.Noise is not null);
        _lease = setting.Model.Lease([
            .. setting.Sites.Select(setting.SpliceOf),
            .. _hasNoise
                ? new[]
                {
                    new SpliceSite(new ComponentAddress(0, ComponentNames.BlockInput), InterventionType.Addition),
                }
                : [],
        ]);
    }

    /// <inheritdoc/>
    public override string Description =>
        _mostRows == 1 ? "one run of the whole model for each cell" : "cells are rows of runs of the whole model";

    private InterventionSession Session => _lease.Session;

    private int Rows => Math.Min(_mostRows, BatchSize.For(_setting.Length, _vocabulary));

    /// <inheritdoc/>
    public override BaseRuns RunBases(CancellationToken cancellation)
    {
        var all = Enumerable.Range(0, _setting.Bases.Length).ToList();
        var reads = Session.Spliced.Sites.Take(_setting.Sites.Length).Select(site => site.Read!);
        var rows = new List<ReadOnlyMemory<float>>();
        var values = _setting.Sites.Select(_ => new List<NumericArray>()).ToList();
        foreach (var some in all.Chunk(Rows))
        {
            var feeds = _setting.Grids.Select(grid => grid.ReadAll(some.Length)).ToList();
            var results = Session.Run(
                _setting.Batch(some),
                WithNoise(feeds, some),
                [Session.FirstOutput, .. reads],
                cancellation
            );
            AnswerLogits.Require(results[0], Session.FirstOutput);
            _vocabulary = results[0].Shape[^1];
            for (var row = 0; row < some.Length; row++)
                rows.Add(_logits.Of(results[0], row).ToArray());
            for (var site = 0; site < values.Count; site++)
                values[site].Add(results[site + 1]);
        }

        return new BaseRuns(
            NumericArray.Of(rows.SelectMany(row => row.ToArray()).ToArray(), rows.Count, _vocabulary),
            [.. values.Select(NumericArray.Joined)]
        );
    }

    /// <inheritdoc/>
    public override SweepCost CostOf(IReadOnlyList<SweepCell> cells) =>
        new((cells.Count + Rows - 1) / Rows, cells.Count, 1, MemoryOf(Math.Min(Rows, cells.Count)));

    /// <inheritdoc/>
    public override void Run(
        IReadOnlyList<(int Number, SweepCell Cell)> cells,
        ImmutableArray<int> tokens,
        CellMeasure measure,
        CancellationToken cancellation
    )
    {
        foreach (var some in cells.Chunk(Rows))
        {
            SweepCell[] rows = [.. some.Select(item => item.Cell)];
            var results = Results(rows, Writes(rows), [Session.FirstOutput], cancellation);
            for (var row = 0; row < some.Length; row++)
                measure(some[row].Number, _logits.Of(results[0], row));
        }
    }

    /// <summary>Runs cells, and reads every unit of some sites before anything is written there.</summary>
    /// <param name="cells">The cells.</param>
    /// <param name="sites">The numbers of the sites.</param>
    /// <param name="receive">Receives a cell's number and the values of each site, <c>[unit, …]</c>.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public void Read(
        IReadOnlyList<SweepCell> cells,
        IReadOnlyList<int> sites,
        Action<int, ImmutableArray<NumericArray>> receive,
        CancellationToken cancellation
    )
    {
        var done = 0;
        foreach (var some in cells.Chunk(Rows))
        {
            var feeds = Writes(some);
            foreach (var site in sites)
                feeds[site] = feeds[site] with
                {
                    ReadLocations = _setting.Grids[site].ReadAll(some.Length).ReadLocations,
                };
            var reads = sites.Select(site => Session.Spliced.Sites[site].Read!);
            var results = Results(some, feeds, reads, cancellation);
            for (var row = 0; row < some.Length; row++)
                receive(done + row, [.. results.Select(result => RowOf(result, row, some.Length))]);
            done += some.Length;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool isDisposing)
    {
        if (isDisposing)
            _lease.Dispose();
    }

    private ImmutableArray<NumericArray> Results(
        SweepCell[] cells,
        List<SiteFeed> feeds,
        IEnumerable<string> outputs,
        CancellationToken cancellation
    )
    {
        int[] bases = [.. cells.Select(cell => cell.Base)];
        return Session.Run(_setting.Batch(bases), WithNoise(feeds, bases), [.. outputs], cancellation);
    }

    private List<SiteFeed> Writes(SweepCell[] cells)
    {
        var feeds = _setting.Grids.Select(grid => new SiteWrites(grid)).ToList();
        for (var row = 0; row < cells.Length; row++)
        {
            foreach (var write in cells[row].Writes)
                feeds[write.Site].Add(row, write.Unit, write.Values);
        }

        return [.. feeds.Select(feed => feed.ToFeed())];
    }

    private static NumericArray RowOf(NumericArray all, int row, int rows)
    {
        var (units, size) = (all.Shape[0] / rows, all.Length / rows);
        return NumericArray.Of(all.FloatMemory.Slice(row * size, size), [units, .. all.Shape.AsSpan()[1..]]);
    }

    // Logits of every position, besides what the layers themselves take.
    private long MemoryOf(int rows) => (long)rows * _setting.Length * _vocabulary * sizeof(float);

    private List<SiteFeed> WithNoise(List<SiteFeed> feeds, int[] bases)
    {
        if (_hasNoise)
            feeds.Add(Noise(bases));
        return feeds;
    }

    private SiteFeed Noise(int[] bases)
    {
        var (locations, source) = (new List<long>(), new List<float>());
        for (var row = 0; row < bases.Length; row++)
        {
            if (_setting.Bases[bases[row]].Noise is not { } noise)
                continue;
            foreach (var position in noise.Positions)
                locations.AddRange([row, position]);
            source.AddRange(noise.Values.Span);
        }

        var units = locations.Count / 2;
        return units == 0
            ? SiteFeed.Neutral
            : new SiteFeed
            {
                WriteLocations = locations.ToArray(),
                Source = source.ToArray(),
                SourceShape = new long[] { units, source.Count / units },
                Coefficients = Enumerable.Repeat(1f, units).ToArray(),
            };
    }
}
