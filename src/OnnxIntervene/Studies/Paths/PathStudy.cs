using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Paths;

/// <summary>
/// The cells of path patching: each prompt's run with its receivers as they are when one sender alone is changed. What
/// they are then is computed when the prompt is first seen.
/// </summary>
internal sealed class PathStudy : GridStudy
{
    private readonly PathSweepRequest _request;
    private readonly GridCells _senders;
    private readonly ReceiverUnits _receivers;
    private readonly Dictionary<int, ImmutableArray<ImmutableArray<CellWrite>>> _received = [];

    public PathStudy(LoadedModel model, PathSweepRequest request)
        : base(model, request.Prompts, request.Metrics)
    {
        _request = request;
        StudyRequirements.Check(model, request.Prompts, request.Metrics);
        StudyRequirements.RequireCorrupt(request.Prompts);
        _receivers = ReceiverUnits.Of(model.Components, request.Receivers);
        var positions = PositionColumns.Of(request.Prompts, [], []);
        var units = request.Sender == ComponentNames.MlpOutput ? PatchUnits.Layer : PatchUnits.Head;
        if (units == PatchUnits.Head && request.Sender != PathFreezing.Heads)
            throw new InterventionException(
                $"'{request.Sender}' cannot send: senders are {PathFreezing.Heads} and {ComponentNames.MlpOutput}, "
                    + "which "
                    + "are what a layer writes to the stream."
            );
        _senders = new GridCells([UnitColumns.Of(model.Components, request.Sender, SenderLayers(), units, positions)]);
    }

    /// <inheritdoc/>
    public override ImmutableArray<GridLayout> Layouts => _senders.Layouts;

    /// <inheritdoc/>
    public override ImmutableArray<ComponentAddress> Sites => _receivers.Sites;

    /// <inheritdoc/>
    public override string Description =>
        $"{_request.Direction} {_request.RecomputesFeedForward} {string.Join(',', _request.Receivers)}";

    /// <inheritdoc/>
    public override CorruptRuns CorruptRuns => CorruptRuns.Prompts;

    /// <inheritdoc/>
    public override ImmutableArray<SweepBase> BasesOf(int prompt) =>
        [new SweepBase(Prompts[prompt].Inputs), new SweepBase(Prompts[prompt].Corrupt!)];

    /// <inheritdoc/>
    public override int CellsIn(int prompt) => _senders.Count;

    /// <inheritdoc/>
    public override GridPlace PlaceOf(int prompt, int cell) => _senders.PlaceOf(cell);

    // Where nothing is prepared, a plan is made, which needs cells of the same size.
    /// <inheritdoc/>
    public override SweepCell CellOf(PromptBases bases, int prompt, int cell)
    {
        var (to, from) = PatchWays.Of(_request.Direction);
        return new SweepCell(
            to,
            _received.TryGetValue(prompt, out var received)
                ? received[cell]
                :
                [
                    .. _receivers
                        .UnitsOf(bases.Grids, Prompts[prompt].MetricPosition)
                        .Select(unit => new CellWrite(unit.Site, unit.Unit, bases.UnitOf(unit.Site, from, unit.Unit))),
                ]
        );
    }

    // Every sender of a prompt is changed in runs of the whole model.
    /// <inheritdoc/>
    public override void Prepare(PromptBases bases, int prompt, CancellationToken cancellation)
    {
        var setting = new SweepSetting(Model, BasesOf(prompt), PathFreezing.Sites(Model, _request, _receivers))
        {
            MetricPosition = Prompts[prompt].MetricPosition,
        };
        using var frozen = new PathFreezing(setting, _request.RecomputesFeedForward, cancellation);
        var (to, from) = PatchWays.Of(_request.Direction);
        var cells = Enumerable
            .Range(0, _senders.Count)
            .Select(cell => frozen.CellOf(to, from, Sent(prompt, cell)))
            .ToList();
        _received[prompt] = frozen.Read(cells, _receivers, cancellation);
    }

    /// <inheritdoc/>
    public override void Forget(int prompt) => _received.Remove(prompt);

    private ImmutableArray<(ComponentAddress Site, int Unit)> Sent(int prompt, int cell) =>
        [.. _senders.UnitsOf(prompt, cell).Select(unit => (_senders.Sites[unit.Site], unit.Unit))];

    private ImmutableArray<int> SenderLayers()
    {
        if (!_request.Layers.IsEmpty)
            return _request.Layers;
        var last = _receivers.LastLayer;
        return [.. Model.Components.LayersOf(_request.Sender).Where(layer => layer <= last)];
    }
}
