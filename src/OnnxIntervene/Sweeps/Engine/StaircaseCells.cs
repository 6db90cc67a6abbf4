using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Runs what a cell changes and nothing else: below its first layer and before its first position it is its base's run,
/// which is computed once. The rows of all layers go up the stream together, each from where it begins, and logits are
/// computed at the last token alone.
/// </summary>
internal sealed class StaircaseCells : CellRunner
{
    // Values of a row in a layer, in parts of the stream: a feed-forward of four times its width, twice, and more.
    private const int ValuesPerStream = 16;

    private readonly SweepSetting _setting;
    private readonly StaircaseRows _rows;
    private readonly OuterSegments _outer;
    private readonly LayerSegments _segments;
    private readonly bool _hasCache;
    private readonly long _memoryLimit;
    private BaseStates _states = null!;
    private BaseRuns _runs = null!;

    /// <param name="setting">The sweep.</param>
    /// <param name="hasCache">Whether the model reads a cache of keys and values.</param>
    /// <param name="memoryLimit">Bytes that the rows of one run may take.</param>
    public StaircaseCells(SweepSetting setting, bool hasCache, long memoryLimit)
    {
        _setting = setting;
        _hasCache = hasCache;
        _memoryLimit = memoryLimit;
        _rows = new StaircaseRows(setting, hasCache);
        _outer = new OuterSegments(setting);
        try
        {
            _segments = new LayerSegments(setting, _rows.InnerSites, hasCache);
        }
        catch
        {
            _outer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Description =>
        "the model is cut at its layers, each cell joins the batch at its own layer"
        + (_hasCache ? " and position, after its base's keys and values" : "")
        + (_outer.ChoosesTokens ? ", and logits are the answers' alone" : "");

    private int LayerCount => _setting.Model.Components.LayerCount;

    private int Vocabulary => _runs.Logits.Shape[1];

    /// <inheritdoc/>
    public override BaseRuns RunBases(CancellationToken cancellation)
    {
        (_states, _runs) = new BasePass(_setting, _rows, _outer).Run(_segments, _hasCache, cancellation);
        return _runs;
    }

    /// <inheritdoc/>
    public override SweepCost CostOf(IReadOnlyList<SweepCell> cells)
    {
        var groups = Groups(cells.Select((cell, number) => (number, cell))).ToList();
        var layers = Enumerable.Range(0, LayerCount).Select(_segments.WeightsOf).ToArray();
        var (runs, rows, weights, largest) = (0, 0, 0.0, 0L);
        foreach (var group in groups)
        {
            rows += group.Length;
            var positions = _setting.Length - group[0].First;
            largest = Math.Max(largest, group.Length * BytesOf(positions));
            for (var layer = 0; layer < LayerCount; layer++)
            {
                var active = group.Count(row => row.Point <= layer);
                runs += active > 0 ? 1 : 0;
                weights += (double)active * TokensOf(layer, positions) * layers[layer];
            }

            weights += (double)group.Length * _outer.MeasuredWeights(_setting.Tokens.Length, Vocabulary);
        }

        var full = cells.Count * (double)_setting.Length * (layers.Sum() + _outer.HeadWeights);
        return new SweepCost(runs + groups.Count, rows, weights / full, largest + _states.Bytes);
    }

    /// <inheritdoc/>
    public override void Run(
        IReadOnlyList<(int Number, SweepCell Cell)> cells,
        ImmutableArray<int> tokens,
        CellMeasure measure,
        CancellationToken cancellation
    )
    {
        var measured = new MeasuredRows(_setting, _outer, _states, tokens);
        measured.MeasureAll(cells, Groups(cells), Climbed, _runs, measure, cancellation);

        NumericArray Climbed(ImmutableArray<StaircaseRow> group) =>
            new Climb(_setting, _rows, _segments, _states) { HasCache = _hasCache }.Run(group, cancellation);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool isDisposing)
    {
        if (isDisposing)
        {
            _segments.Dispose();
            _outer.Dispose();
        }
    }

    // Keys and values take about a sixth of a layer's weights; all else is computed at the last token alone.
    private double TokensOf(int layer, int positions) =>
        _hasCache && layer == LayerCount - 1 ? 1 + ((positions - 1) / 6.0) : positions;

    // Rows of one first position, as many as the memory holds, in the order in which they join.
    private IEnumerable<ImmutableArray<StaircaseRow>> Groups(IEnumerable<(int Number, SweepCell Cell)> cells) =>
        cells
            .Select(item => _rows.Of(item.Number, item.Cell))
            .OfType<StaircaseRow>()
            .GroupBy(row => row.First)
            .OrderBy(group => group.Key)
            .SelectMany(group => group.OrderBy(row => row.Point).Chunk(MostRows(_setting.Length - group.Key)))
            .Select(group => group.ToImmutableArray());

    private int MostRows(int positions) => (int)Math.Clamp(_memoryLimit / BytesOf(positions), 1, 1 << 12);

    private long BytesOf(int positions) => (long)positions * _states.Width * ValuesPerStream * sizeof(float);
}
