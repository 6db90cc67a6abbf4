using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Ablation;

/// <summary>The cells of ablation: each prompt's run with units of a component replaced.</summary>
internal sealed class AblationStudy : GridStudy
{
    private const int Clean = 0;
    private const int Other = 1;

    private readonly AblationRequest _request;
    private readonly GridCells _cells;
    private readonly UnitMeans _means;
    private readonly ImmutableArray<int> _others;

    public AblationStudy(LoadedModel model, AblationRequest request)
        : base(model, request.Prompts, request.Metrics)
    {
        _request = request;
        StudyRequirements.Check(model, request.Prompts, request.Metrics);
        var positions = PositionColumns.Of(request.Prompts, request.Positions, request.PositionNames);
        _cells = new GridCells([
            .. request.Components.Select(name =>
                UnitColumns.Of(model.Components, name, request.Layers, UnitsOf(name), positions)
            ),
        ]);
        RequireMeans();
        _means = new UnitMeans(request.Kind == AblationKind.PositionMean);
        _others = request.Kind == AblationKind.Resample ? OtherPrompts.Of(request.Prompts, request.Seed) : [];
    }

    /// <inheritdoc/>
    public override ImmutableArray<GridLayout> Layouts => _cells.Layouts;

    /// <inheritdoc/>
    public override ImmutableArray<ComponentAddress> Sites => _cells.Sites;

    /// <inheritdoc/>
    public override bool NeedsAll => NeedsMeans;

    private bool NeedsMeans => _request.Kind is AblationKind.Mean or AblationKind.PositionMean;

    /// <inheritdoc/>
    public override bool CountsQueries => _cells.CountsQueries;

    /// <inheritdoc/>
    public override string Description =>
        $"{_request.Kind} {_request.Seed} {_request.Units} {string.Join(',', _request.Positions)} "
        + string.Join(',', _request.PositionNames);

    /// <inheritdoc/>
    public override CorruptRuns CorruptRuns => CorruptRuns.None;

    /// <inheritdoc/>
    public override ImmutableArray<SweepBase> BasesOf(int prompt) =>
        _others.IsEmpty
            ? [new SweepBase(Prompts[prompt].Inputs)]
            : [new SweepBase(Prompts[prompt].Inputs), new SweepBase(Prompts[_others[prompt]].Inputs)];

    /// <inheritdoc/>
    public override int CellsIn(int prompt) => _cells.Count;

    /// <inheritdoc/>
    public override GridPlace PlaceOf(int prompt, int cell) => _cells.PlaceOf(cell);

    /// <inheritdoc/>
    public override void Observe(PromptBases bases, int prompt)
    {
        if (NeedsMeans)
            _means.Add(bases);
    }

    /// <inheritdoc/>
    public override SweepCell CellOf(PromptBases bases, int prompt, int cell) =>
        new(
            Clean,
            [
                .. _cells
                    .UnitsOf(prompt, cell)
                    .Select(unit => new CellWrite(unit.Site, unit.Unit, ValuesOf(bases, unit.Site, unit.Unit))),
            ]
        );

    private ReadOnlyMemory<float> ValuesOf(PromptBases bases, int site, int unit) =>
        _request.Kind switch
        {
            AblationKind.Zero => new float[bases.UnitOf(site, Clean, unit).Length],
            AblationKind.Resample => bases.UnitOf(site, Other, unit),
            _ => _means.Of(bases.Grids[site], site, unit),
        };

    private PatchUnits? UnitsOf(string name)
    {
        var sites = PatchSites.Of(Model.Components, name, _request.Layers);
        var hasHeads = Model.Components.Get(sites[0]).Layout != ComponentLayout.Positions;
        return _request.Units ?? (hasHeads ? PatchUnits.Head : PatchUnits.Layer);
    }

    // A mean of patterns, or at a position, is of prompts that have it.
    private void RequireMeans()
    {
        var patterns = Sites.FirstOrDefault(site => Model.Components.Get(site).Layout == ComponentLayout.HeadsFirst);
        if (_request.Kind != AblationKind.PositionMean && !(NeedsMeans && patterns.Name is not null))
            return;
        if (Prompts.Length < 2)
            throw new InterventionException(
                "The mean over prompts at a position needs two prompts or more; with one it is what the prompt itself "
                    + "has there."
            );
        if (Prompts.Select(prompt => prompt.Length).Distinct().Count() > 1)
            throw new InterventionException(
                "The mean over prompts at a position needs prompts of one length; choose the mean over all "
                    + "positions, or "
                    + "prompts of one length."
            );
    }
}
