using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Runs the tokens that a cell changes and nothing else. Layers are divided around their attention, so that the tokens
/// of all cells are one matrix product in each layer, wherever in the text they begin.
/// </summary>
internal sealed class SplitCells : CellRunner
{
    // Values of a token that are held at once, in parts of the stream: it, queries, keys, values, what they are mixed
    // to, and attention's own copies of these.
    private const int ValuesPerStream = 12;

    // So many tokens fill a run of every layer several times; more would only delay results.
    private const int MostTokens = 4096;

    private readonly SweepSetting _setting;
    private readonly StaircaseRows _rows;
    private readonly OuterSegments _outer;
    private readonly SplitLayers _layers;
    private readonly SplitSchedule _schedule;
    private readonly long _memoryLimit;
    private BaseStates _states = null!;
    private BaseRuns _runs = null!;

    /// <param name="setting">The sweep.</param>
    /// <param name="memoryLimit">Bytes that the rows of one run may take.</param>
    /// <exception cref="InterventionException">A layer cannot be divided.</exception>
    public SplitCells(SweepSetting setting, long memoryLimit)
    {
        if (BytesOfBases(setting) > memoryLimit)
            throw new InterventionException("The memory does not hold what the prompts have between parts of layers.");
        _setting = setting;
        _memoryLimit = memoryLimit;
        _rows = new StaircaseRows(setting, isCausal: true);
        _outer = new OuterSegments(setting);
        try
        {
            _layers = new SplitLayers(setting, _rows.InnerSites);
        }
        catch
        {
            _outer.Dispose();
            throw;
        }

        _schedule = new SplitSchedule(setting, _rows, _layers);
    }

    /// <inheritdoc/>
    public override string Description =>
        "the model is cut at its layers and around attention, the tokens that cells change run together in each layer"
        + (_outer.ChoosesTokens ? ", and logits are the answers' alone" : "");

    private int Vocabulary => _runs.Logits.Shape[1];

    /// <inheritdoc/>
    public override BaseRuns RunBases(CancellationToken cancellation)
    {
        (_states, _runs) = new BasePass(_setting, _rows, _outer).Run(_layers, cancellation);
        return _runs;
    }

    /// <inheritdoc/>
    public override string? FindObstacle(CancellationToken cancellation) =>
        !_layers.HasCache
        && new HiddenPositions(_setting, _layers, _states).FindReader(MostMixed, cancellation) is { } layer
            ? $"attention of layer {layer} reads later positions"
            : null;

    /// <inheritdoc/>
    public override SweepCost CostOf(IReadOnlyList<SweepCell> cells)
    {
        var weights = Enumerable
            .Range(0, _layers.Count)
            .Select(layer => Enum.GetValues<LayerPart>().ToDictionary(part => part, _layers[layer].WeightsOf))
            .ToList();
        var measured = new MeasuredRows(_setting, _outer, _states, _setting.Tokens);
        var (runs, rows, products, largest) = (0, 0, 0.0, 0L);
        foreach (var group in Groups(cells.Select((cell, number) => (number, cell))))
        {
            rows += group.Length;
            largest = Math.Max(largest, group.Sum(TokensOf) * BytesPerToken);
            products += group.Length * _outer.MeasuredWeights(_setting.Tokens.Length, Vocabulary);
            runs += measured.CountFor(group.Length, Vocabulary);
            foreach (var (layer, works) in _schedule.Of(group).Index())
            {
                var tokens = TokensOf(works);
                products += tokens.Sum(part => (double)part.Value.Sum() * weights[layer][part.Key]);
                runs += tokens[LayerPart.Mixing].Count;
                runs += TokenRuns.CountFor(tokens[LayerPart.Projection][0]);
                runs += TokenRuns.CountFor(tokens[LayerPart.Transition][0]);
            }
        }

        var whole = weights.Sum(layer => layer.Values.Sum()) + _outer.HeadWeights;
        var full = cells.Count * (double)_setting.Length * whole;
        return new SweepCost(runs, rows, products / full, largest + _states.Bytes);
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
        var climb = new SplitClimb(_setting, _rows, _layers, _schedule, _states) { MostTokens = MostMixed };
        measured.MeasureAll(
            cells,
            Groups(cells),
            group => climb.Run(group, cancellation),
            _runs,
            measure,
            cancellation
        );
    }

    /// <inheritdoc/>
    protected override void Dispose(bool isDisposing)
    {
        if (!isDisposing)
            return;
        _layers.Dispose();
        _outer.Dispose();
    }

    // The stream, keys and values as the cache has them, and what is between the parts of each layer.
    private static long BytesOfBases(SweepSetting setting)
    {
        var components = setting.Model.Components;
        string[] names =
        [
            ComponentNames.BlockOutput,
            ComponentNames.QueryOutput,
            ComponentNames.KeyOutput,
            ComponentNames.KeyOutput,
            ComponentNames.ValueOutput,
            ComponentNames.ValueOutput,
            ComponentNames.AttentionValueOutput,
        ];
        var widths = components.Components.ToLookup(component => component.Address.Name, item => item.FullWidth);
        return (long)setting.Bases.Length
            * setting.Length
            * names.Sum(name => (long)widths[name].Sum())
            * sizeof(float);
    }

    private long BytesPerToken => (long)_states.Width * ValuesPerStream * sizeof(float);

    private int MostMixed => (int)Math.Clamp(_memoryLimit / BytesPerToken, 1, MostTokens);

    // How many tokens the runs of each part take.
    private Dictionary<LayerPart, List<int>> TokensOf(IReadOnlyList<RowWork> works) =>
        new()
        {
            [LayerPart.Projection] = [works.Sum(work => work.Projected.Length)],
            [LayerPart.Mixing] =
            [
                .. MixingGroup
                    .Divide(works, MostMixed, _setting.Length, _layers.HasCache)
                    .Select(rows => rows.Length * (_setting.Length - MixingGroup.FirstOf(rows[0], _layers.HasCache))),
            ],
            [LayerPart.Transition] = [works.Sum(work => work.Carried.Length)],
        };

    private int TokensOf(StaircaseRow row) => _setting.Length - row.First;

    // Rows in the order in which they join, as many as the memory holds.
    private IEnumerable<ImmutableArray<StaircaseRow>> Groups(IEnumerable<(int Number, SweepCell Cell)> cells)
    {
        var group = ImmutableArray.CreateBuilder<StaircaseRow>();
        var tokens = 0L;
        var rows = cells.Select(item => _rows.Of(item.Number, item.Cell)).OfType<StaircaseRow>();
        foreach (var row in rows.OrderBy(row => row.Point).ThenBy(row => row.First))
        {
            if (group.Count > 0 && tokens + TokensOf(row) > MostMixed)
            {
                yield return group.DrainToImmutable();
                tokens = 0;
            }

            group.Add(row);
            tokens += TokensOf(row);
        }

        if (group.Count > 0)
            yield return group.DrainToImmutable();
    }
}
