using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies;

/// <summary>The cells of activation patching: the corrupt run with units of the clean one.</summary>
internal sealed class PatchCells : IDisposable
{
    private const int Clean = 0;
    private const int Corrupt = 1;

    private readonly PatchSweepRequest _request;
    private readonly SweepEngine _engine;
    private readonly ImmutableArray<int> _columns;
    private readonly ImmutableArray<SweepCell> _cells;
    private readonly bool _columnsAreHeads;

    /// <param name="model">The model.</param>
    /// <param name="request">The sweep, with every layer and position.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the bases' runs early.</param>
    public PatchCells(
        LoadedModel model,
        PatchSweepRequest request,
        SweepOptions options,
        CancellationToken cancellation
    )
    {
        _request = request;
        var setting = new SweepSetting(
            model,
            [new SweepBase(request.Clean), new SweepBase(request.Corrupt)],
            [.. request.Layers.Select(layer => new ComponentAddress(layer, request.Component))]
        );
        _columnsAreHeads = setting.Grids[0].Component.Layout != ComponentLayout.Positions;
        _columns = _columnsAreHeads ? [.. Enumerable.Range(0, setting.Grids[0].Columns)] : request.Positions;
        _engine = SweepEngine.Open(setting, options, [request.Answer, request.Wrong], cancellation);
        try
        {
            RequireDifference();
        }
        catch
        {
            _engine.Dispose();
            throw;
        }

        _cells = [.. setting.Grids.SelectMany((grid, site) => _columns.Select(column => Cell(site, grid, column)))];
    }

    /// <summary>What the cells take.</summary>
    public SweepPlan Plan => _engine.Plan(_cells);

    /// <summary>Runs the cells.</summary>
    public PatchSweepResult Run(IProgress<SweepProgress>? progress, CancellationToken cancellation)
    {
        var (answers, wrongs) = (new float[_cells.Length], new float[_cells.Length]);
        var plan = _engine.Run(
            _cells,
            (cell, logits) => (answers[cell], wrongs[cell]) = (logits[_request.Answer], logits[_request.Wrong]),
            progress,
            cancellation
        );
        return new PatchSweepResult
        {
            Component = _request.Component,
            ColumnsAreHeads = _columnsAreHeads,
            Layers = _request.Layers,
            Columns = _columns,
            AnswerLogits = new SweepGrid(_request.Layers.Length, _columns.Length, answers),
            WrongLogits = new SweepGrid(_request.Layers.Length, _columns.Length, wrongs),
            CleanDifference = Difference(Clean),
            CorruptDifference = Difference(Corrupt),
            CleanTop = TopAnswer.Of(_engine.Bases.LogitsOf(Clean)),
            CorruptTop = TopAnswer.Of(_engine.Bases.LogitsOf(Corrupt)),
            Plan = plan,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private SweepCell Cell(int site, UnitGrid grid, int column) =>
        new(
            Corrupt,
            [
                .. grid.UnitsOf(column, _request.Positions)
                    .Select(unit => new CellWrite(site, unit, _engine.Bases.UnitOf(site, Clean, unit))),
            ]
        );

    private float Difference(int index)
    {
        var logits = _engine.Bases.LogitsOf(index);
        return logits[_request.Answer] - logits[_request.Wrong];
    }

    // What a patch restores is measured in shares of this.
    private void RequireDifference()
    {
        var (clean, corrupt) = (Difference(Clean), Difference(Corrupt));
        if (!float.IsFinite(clean) || !float.IsFinite(corrupt))
            throw new ExecutionException(
                $"The logit difference is {clean} in the clean run and {corrupt} in the corrupt one; the model's "
                    + "output is not finite."
            );
        if (clean == corrupt)
            throw new InterventionException(
                $"The logit difference is {clean} in both runs, so nothing can be restored. Choose other prompts "
                    + "or answers."
            );
    }
}
