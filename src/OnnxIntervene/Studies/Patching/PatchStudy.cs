using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Patching;

/// <summary>The cells of activation patching: one run of each prompt with units of the other one.</summary>
internal sealed class PatchStudy : GridStudy
{
    private readonly PatchSweepRequest _request;
    private readonly GridCells _cells;

    public PatchStudy(LoadedModel model, PatchSweepRequest request)
        : base(model, request.Prompts, request.Metrics)
    {
        _request = request;
        StudyRequirements.Check(model, request.Prompts, request.Metrics);
        StudyRequirements.RequireCorrupt(request.Prompts);
        var positions = PositionColumns.Of(request.Prompts, request.Positions, request.PositionNames);
        _cells = new GridCells([
            .. request.Components.Select(name =>
                UnitColumns.Of(model.Components, name, request.Layers, request.Units, positions)
            ),
        ]);
    }

    /// <inheritdoc/>
    public override ImmutableArray<GridLayout> Layouts => _cells.Layouts;

    /// <inheritdoc/>
    public override ImmutableArray<ComponentAddress> Sites => _cells.Sites;

    /// <inheritdoc/>
    public override bool CountsQueries => _cells.CountsQueries;

    /// <inheritdoc/>
    public override string Description =>
        $"{_request.Direction} {_request.Units} {string.Join(',', _request.Positions)} "
        + string.Join(',', _request.PositionNames);

    /// <inheritdoc/>
    public override CorruptRuns CorruptRuns => CorruptRuns.Prompts;

    /// <inheritdoc/>
    public override ImmutableArray<SweepBase> BasesOf(int prompt) =>
        [new SweepBase(Prompts[prompt].Inputs), new SweepBase(Prompts[prompt].Corrupt!)];

    /// <inheritdoc/>
    public override int CellsIn(int prompt) => _cells.Count;

    /// <inheritdoc/>
    public override GridPlace PlaceOf(int prompt, int cell) => _cells.PlaceOf(cell);

    /// <summary>What a cell changes in a prompt: the number of a site, and a unit of it.</summary>
    public IEnumerable<(int Site, int Unit)> UnitsOf(int prompt, int cell) => _cells.UnitsOf(prompt, cell);

    /// <inheritdoc/>
    public override SweepCell CellOf(PromptBases bases, int prompt, int cell)
    {
        var (to, from) = PatchWays.Of(_request.Direction);
        return new SweepCell(
            to,
            [
                .. _cells
                    .UnitsOf(prompt, cell)
                    .Select(unit => new CellWrite(unit.Site, unit.Unit, bases.UnitOf(unit.Site, from, unit.Unit))),
            ]
        );
    }

    /// <inheritdoc/>
    public override void Check(ImmutableArray<PromptResult> results)
    {
        var (clean, corrupt) = (results.Average(item => item.Clean(0)), results.Average(item => item.Corrupt(0)));
        if (!float.IsFinite(clean) || !float.IsFinite(corrupt))
            throw new ExecutionException(
                $"The {Metrics[0].Title} is {clean} in the clean run and {corrupt} in the corrupt one; the model's "
                    + "output is not finite."
            );
        if (clean == corrupt)
            throw new InterventionException(
                $"The {Metrics[0].Title} is {clean} in both runs, so nothing can be restored. Choose other prompts "
                    + "or answers."
            );
    }
}
