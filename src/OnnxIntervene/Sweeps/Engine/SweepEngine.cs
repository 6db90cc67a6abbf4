using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Runs the cells of a sweep in the way that computes least and is right for the model: nothing is run twice, and
/// nothing that cannot differ from a base's run. What the cut model computes is compared with the model itself first.
/// </summary>
internal sealed class SweepEngine : IDisposable
{
    private const double Tolerance = 1e-4;

    // What was compared with the model itself need not be compared again.
    private static readonly ConditionalWeakTable<LoadedModel, ConcurrentDictionary<string, bool>> s_proved = [];

    private readonly CellRunner _runner;

    private SweepEngine(CellRunner runner, BaseRuns bases, string? obstacle)
    {
        _runner = runner;
        Bases = bases;
        Obstacle = obstacle;
    }

    /// <summary>What the bases' own runs computed.</summary>
    public BaseRuns Bases { get; }

    /// <summary>Why whole models are run; null where the model is cut at its layers.</summary>
    public string? Obstacle { get; }

    /// <summary>Opens sessions and runs the bases.</summary>
    /// <param name="setting">The sweep.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">A component cannot be reached, or the inputs do not fit.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    public static SweepEngine Open(SweepSetting setting, SweepOptions options, CancellationToken cancellation)
    {
        if (options.IsNaive)
            return Whole(setting, 1, "--naive was asked for", cancellation);
        var obstacle = StaircaseRules.Obstacle(setting);
        if (obstacle is null)
        {
            foreach (var hasCache in CacheNames.Of(setting.Model.Components) is null ? new[] { false } : [true, false])
            {
                if (TryCut(setting, options, hasCache, cancellation) is { } engine)
                    return engine;
            }

            obstacle = "the parts of the cut model do not compute what the model does";
        }

        return Whole(
            setting,
            StaircaseRules.MixesRows(setting.Model.Model) is null ? int.MaxValue : 1,
            obstacle,
            cancellation
        );
    }

    /// <summary>What running these cells takes.</summary>
    public SweepPlan Plan(IReadOnlyList<SweepCell> cells)
    {
        var changed = cells.Select(Bases.Changed).Where(cell => !cell.Writes.IsEmpty).ToList();
        var cost = changed.Count == 0 ? default : _runner.CostOf(changed);
        return new SweepPlan
        {
            Method = _runner.Description,
            Obstacle = Obstacle,
            Cells = cells.Count,
            Rows = cost.Rows,
            Runs = cost.Runs,
            Share = cells.Count == 0 ? 0 : cost.Share * changed.Count / cells.Count,
        };
    }

    /// <summary>Runs cells and hands their logits on in any order.</summary>
    public void Run(
        IReadOnlyList<SweepCell> cells,
        CellMeasure measure,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        var done = 0;
        var changed = new List<(int, SweepCell)>();
        for (var number = 0; number < cells.Count; number++)
        {
            var cell = Bases.Changed(cells[number]);
            if (cell.Writes.IsEmpty)
                Measured(number, Bases.LogitsOf(cell.Base));
            else
                changed.Add((number, cell));
        }

        if (changed.Count > 0)
            _runner.Run(changed, Measured, cancellation);

        void Measured(int number, ReadOnlySpan<float> logits)
        {
            cancellation.ThrowIfCancellationRequested();
            measure(number, logits);
            progress?.Report(new SweepProgress(++done, cells.Count));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private static SweepEngine Whole(SweepSetting setting, int mostRows, string why, CancellationToken cancellation) =>
        Opened(new BatchedCells(setting, mostRows), why, cancellation);

    private static SweepEngine? TryCut(
        SweepSetting setting,
        SweepOptions options,
        bool hasCache,
        CancellationToken cancellation
    )
    {
        StaircaseCells cells;
        try
        {
            cells = new StaircaseCells(setting, hasCache, options.MemoryLimit);
        }
        catch (Exception fault) when (fault is InterventionException or ExecutionException)
        {
            // What cannot be opened or cut there is run whole.
            return null;
        }

        try
        {
            var engine = Opened(cells, null, cancellation);
            var proved = s_proved.GetOrCreateValue(setting.Model);
            var key = $"{hasCache} {setting.Length} {string.Join(' ', setting.Sites)}";
            if (proved.ContainsKey(key) || (IsRight(setting, engine, cancellation) && proved.TryAdd(key, true)))
                return engine;
        }
        catch (Exception fault) when (fault is InterventionException or ExecutionException)
        {
            cells.Dispose();
            return null;
        }

        cells.Dispose();
        return null;
    }

    private static SweepEngine Opened(CellRunner runner, string? why, CancellationToken cancellation)
    {
        try
        {
            return new SweepEngine(runner, runner.RunBases(cancellation), why);
        }
        catch
        {
            runner.Dispose();
            throw;
        }
    }

    // A base without noise has the logits of the model itself; and writing what is there already, from the middle of
    // the text and of the layers on, changes nothing.
    private static bool IsRight(SweepSetting setting, SweepEngine engine, CancellationToken cancellation)
    {
        var plain = setting.Bases.IndexOf(setting.Bases.First(item => item.Noise is null));
        using var lease = setting.Model.Lease([]);
        var logits = lease.Session.Run(setting.Bases[plain].Inputs, [], [lease.Session.FirstOutput], cancellation)[0];
        AnswerLogits.Require(logits, lease.Session.FirstOutput);
        var own = new AnswerLogits(setting.Bases[plain].Inputs).Of(logits, 0);
        if (!AreClose(engine.Bases.LogitsOf(plain), own))
            return false;
        var isSame = true;
        foreach (var cell in Repeats(setting, engine.Bases, plain))
            engine._runner.Run(
                [(0, cell)],
                (_, after) => isSame &= AreClose(after, engine.Bases.LogitsOf(plain)),
                cancellation
            );
        return isSame;
    }

    // Each writes one unit of one site that is there already.
    private static IEnumerable<SweepCell> Repeats(SweepSetting setting, BaseRuns bases, int plain)
    {
        var site = setting.Sites.Length / 2;
        var grid = setting.Grids[site];
        var middle = grid.UnitsOf(0, [setting.Length / 2]).First();
        var unit = grid.Component.Layout == ComponentLayout.Positions ? setting.Length / 2 : middle;
        yield return new SweepCell(plain, [new CellWrite(site, unit, bases.UnitOf(site, plain, unit))]);
    }

    private static bool AreClose(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        if (one.Length != other.Length)
            return false;
        var limit = Tolerance * Math.Max(1, TensorPrimitives.MaxMagnitude(other) is var most ? Math.Abs(most) : 1);
        for (var index = 0; index < one.Length; index++)
        {
            if (!(Math.Abs(one[index] - other[index]) <= limit))
                return false;
        }

        return true;
    }
}
