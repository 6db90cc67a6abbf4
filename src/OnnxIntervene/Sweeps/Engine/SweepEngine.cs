using System.Collections.Immutable;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Runs the cells of a sweep in the way that computes least and is right for the model: nothing is run twice, and
/// nothing that cannot differ from a base's run. What the cut model computes is compared with the model itself first.
/// </summary>
internal sealed class SweepEngine : IDisposable
{
    private readonly CellRunner _runner;
    private readonly ImmutableArray<int> _tokens;

    private SweepEngine(CellRunner runner, BaseRuns bases, SweepSetting setting)
    {
        _runner = runner;
        _tokens = setting.Tokens;
        Bases = bases;
        Grids = setting.Grids;
    }

    /// <summary>What the bases' own runs computed.</summary>
    public BaseRuns Bases { get; }

    /// <summary>The units of each site.</summary>
    public ImmutableArray<UnitGrid> Grids { get; }

    /// <summary>Why whole models are run; null where the model is cut at its layers.</summary>
    public string? Obstacle { get; private init; }

    /// <summary>Why layers are not divided around their attention; null where they are, or whole models run.</summary>
    public string? WholeLayers { get; private init; }

    /// <summary>Opens sessions and runs the bases.</summary>
    /// <param name="setting">The sweep.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="answers">The tokens that the sweep measures.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">
    /// A component cannot be reached, the inputs do not fit, or the model's output has no such tokens.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    public static SweepEngine Open(
        SweepSetting setting,
        SweepOptions options,
        ReadOnlySpan<int> answers,
        CancellationToken cancellation
    )
    {
        var engine = Open(setting, options, cancellation);
        try
        {
            var logits = engine.Bases.Logits;
            RequireTokens(setting, logits.Shape[1]);
            AnswerLogits.Require(
                logits.Reshape(logits.Shape[0], 1, logits.Shape[1]),
                setting.Model.Model.Graph.Outputs[0].Name,
                answers
            );
            return engine;
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    private static void RequireTokens(SweepSetting setting, int width)
    {
        if (TokenWidth.IsTooNarrow(width, setting.Model.Components))
            throw new InterventionException(
                $"The experiment measures logits of tokens, but the model's output "
                    + $"'{setting.Model.Model.Graph.Outputs[0].Name}' has {width} numbers for a vocabulary of "
                    + $"{setting.Model.Components.Limits.Vocabulary} tokens, so it holds something else. "
                    + "Use a language model."
            );
    }

    /// <summary>What running these cells takes.</summary>
    public SweepPlan Plan(IReadOnlyList<SweepCell> cells) =>
        PlanOf([.. Changed(cells).Select(item => item.Cell)], cells.Count);

    /// <summary>Runs cells, hands their logits on in any order, and tells what it took.</summary>
    public SweepPlan Run(
        IReadOnlyList<SweepCell> cells,
        CellMeasure measure,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        var done = 0;
        var changed = Changed(cells);
        var run = changed.Select(item => item.Number).ToHashSet();
        for (var number = 0; number < cells.Count; number++)
        {
            if (!run.Contains(number))
                Measured(number, Bases.LogitsOf(cells[number].Base));
        }

        if (changed.Count > 0)
            _runner.Run(changed, _tokens, Measured, cancellation);
        return PlanOf([.. changed.Select(item => item.Cell)], cells.Count);

        void Measured(int number, ReadOnlySpan<float> logits)
        {
            cancellation.ThrowIfCancellationRequested();
            measure(number, logits);
            progress?.Report(new SweepProgress(++done, cells.Count));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    // Cells that write something else than is there.
    private List<(int Number, SweepCell Cell)> Changed(IReadOnlyList<SweepCell> cells) =>
        [
            .. cells
                .Select((cell, number) => (Number: number, Cell: Bases.Changed(cell)))
                .Where(item => !item.Cell.Writes.IsEmpty),
        ];

    private SweepPlan PlanOf(List<SweepCell> changed, int count)
    {
        var cost = changed.Count == 0 ? default : _runner.CostOf(changed);
        return new SweepPlan
        {
            Method = _runner.Description,
            Obstacle = Obstacle,
            WholeLayers = WholeLayers,
            Cells = count,
            Rows = cost.Rows,
            Runs = cost.Runs,
            Share = count == 0 ? 0 : cost.Share * changed.Count / count,
            Memory = cost.Memory,
        };
    }

    private static SweepEngine Open(SweepSetting setting, SweepOptions options, CancellationToken cancellation)
    {
        if (options.IsNaive)
            return Whole(setting, 1, "--naive was asked for", cancellation);
        var obstacle = StaircaseRules.Obstacle(setting);
        if (obstacle is null)
        {
            var whole = SweepProof.ReadsLater(setting, cancellation)
                ? "positions read later ones, so that every token above a cell's layer is another"
                : null;
            if (whole is null && Cut(() => new SplitCells(setting, options.MemoryLimit), null, out whole) is { } split)
                return split;
            if (UsesCache(setting) && Cut(() => Staircase(true), whole, out _) is { } cached)
                return cached;
            if (Cut(() => Staircase(false), whole, out obstacle) is { } cut)
                return cut;
        }

        var mostRows = RowMixing.FindNode(setting.Model.Model) is null ? int.MaxValue : 1;
        return Whole(setting, mostRows, obstacle!, cancellation);

        StaircaseCells Staircase(bool hasCache) => new(setting, hasCache, options.MemoryLimit);

        SweepEngine? Cut(Func<CellRunner> open, string? undivided, out string? fault) =>
            SweepEngine.Cut(setting, open, undivided, out fault, cancellation);
    }

    // With a cache, the last layer is computed at the last position alone.
    private static bool UsesCache(SweepSetting setting) =>
        CacheNames.AreIn(setting.Model.Components) && setting.Measured == setting.Length - 1;

    private static SweepEngine Whole(SweepSetting setting, int mostRows, string why, CancellationToken cancellation) =>
        Opened(new BatchedCells(setting, mostRows), setting, cancellation, obstacle: why);

    // Null where the model cannot be opened or cut there, or the parts compute something else: then why.
    private static SweepEngine? Cut(
        SweepSetting setting,
        Func<CellRunner> open,
        string? whole,
        out string? fault,
        CancellationToken cancellation
    )
    {
        SweepEngine? engine = null;
        var isRight = false;
        try
        {
            engine = Opened(open(), setting, cancellation, whole: whole);
            fault = new SweepProof(setting, engine._runner, engine.Bases).FindFault(cancellation);
            isRight = fault is null;
            return isRight ? engine : null;
        }
        catch (Exception refusal) when (refusal is InterventionException or ExecutionException)
        {
            fault = refusal.Message.ReplaceLineEndings(" ");
            return null;
        }
        finally
        {
            if (!isRight)
                engine?.Dispose();
        }
    }

    private static SweepEngine Opened(
        CellRunner runner,
        SweepSetting setting,
        CancellationToken cancellation,
        string? obstacle = null,
        string? whole = null
    )
    {
        try
        {
            return new SweepEngine(runner, runner.RunBases(cancellation), setting)
            {
                Obstacle = obstacle,
                WholeLayers = whole,
            };
        }
        catch
        {
            runner.Dispose();
            throw;
        }
    }
}
