using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Tracing;

/// <summary>
/// The cells of causal tracing: each corrupted run with units of the clean one, by target, layer, place and sample.
/// </summary>
internal sealed class TraceStudy : GridStudy
{
    // The corrupted runs come after it.
    private const int Clean = 0;

    private readonly CausalTraceRequest _request;
    private readonly TracePlaces _places;
    private readonly int _layerCount;
    private readonly int _samples;

    // Targets may restore one component in windows of several sizes.
    private readonly ImmutableArray<string> _restored;

    public TraceStudy(LoadedModel model, CausalTraceRequest request)
        : base(model, request.Prompts, request.Metrics)
    {
        _request = request;
        StudyRequirements.Check(model, request.Prompts, request.Metrics);
        if (request.Noise.IsEmpty)
            StudyRequirements.RequireCorrupt(request.Prompts);
        else
            TraceNoise.Check(request, model.Components);
        _places = TracePlaces.Of(request);
        _layerCount = model.Components.LayerCount;
        _samples = request.Noise.IsEmpty ? 1 : request.Noise[0].Shape[0];
        Layouts = [.. request.Targets.Select(LayoutOf)];
        _restored = [.. request.Targets.Select(target => target.Component).Distinct()];
        Sites =
        [
            .. _restored.SelectMany(name =>
                Enumerable.Range(0, _layerCount).Select(layer => Required(new ComponentAddress(layer, name)))
            ),
        ];
    }

    /// <inheritdoc/>
    public override ImmutableArray<GridLayout> Layouts { get; }

    /// <inheritdoc/>
    public override ImmutableArray<ComponentAddress> Sites { get; }

    /// <inheritdoc/>
    public override string Description =>
        $"{string.Join(',', _request.Targets)} {_request.Columns} {TraceNoise.HashOf(_request)}";

    /// <inheritdoc/>
    public override CorruptRuns CorruptRuns => _request.Noise.IsEmpty ? CorruptRuns.Prompts : CorruptRuns.Noise;

    /// <inheritdoc/>
    public override ImmutableArray<SweepBase> BasesOf(int prompt) =>
        _request.Noise.IsEmpty
            ? [new SweepBase(Prompts[prompt].Inputs), new SweepBase(Prompts[prompt].Corrupt!)]
            :
            [
                new SweepBase(Prompts[prompt].Inputs),
                .. TraceNoise
                    .Additions(_request, prompt)
                    .Select(addition => new SweepBase(Prompts[prompt].Inputs, addition)),
            ];

    /// <inheritdoc/>
    public override int CellsIn(int prompt) => Layouts.Length * _layerCount * _places.Of(prompt).Length * _samples;

    /// <inheritdoc/>
    public override GridPlace PlaceOf(int prompt, int cell)
    {
        var (target, layer, place, _) = Parts(prompt, cell);
        return new GridPlace(target, layer, place.Column);
    }

    /// <inheritdoc/>
    public override SweepCell CellOf(PromptBases bases, int prompt, int cell)
    {
        var (target, layer, place, sample) = Parts(prompt, cell);
        var first = _restored.IndexOf(_request.Targets[target].Component) * _layerCount;
        return new SweepCell(
            Clean + 1 + sample,
            [
                .. _request
                    .Targets[target]
                    .LayersAround(layer, _layerCount)
                    .Select(restored => first + restored)
                    .SelectMany(site => place.Positions.SelectMany(position => Writes(bases, site, position))),
            ]
        );
    }

    /// <inheritdoc/>
    public override ImmutableArray<TopAnswer> TopsOf(PromptBases bases)
    {
        var mean = new float[bases.LogitsOf(Clean).Length];
        for (var sample = 1; sample <= _samples; sample++)
            TensorPrimitives.Add(mean, Softmax.Of(bases.LogitsOf(Clean + sample)), mean);
        TensorPrimitives.Divide(mean, _samples, mean);
        return [TopAnswer.Of(bases.LogitsOf(Clean)), TopAnswer.OfProbabilities(mean)];
    }

    private static IEnumerable<CellWrite> Writes(PromptBases bases, int site, int position) =>
        bases.Grids[site].UnitsAt(position).Select(unit => new CellWrite(site, unit, bases.UnitOf(site, Clean, unit)));

    private (int Target, int Layer, TracePlace Place, int Sample) Parts(int prompt, int cell)
    {
        var places = _places.Of(prompt);
        var (rest, sample) = Math.DivRem(cell, _samples);
        (rest, var place) = Math.DivRem(rest, places.Length);
        var (target, layer) = Math.DivRem(rest, _layerCount);
        return (target, layer, places[place], sample);
    }

    private ComponentAddress Required(ComponentAddress address)
    {
        var component = Model.Components.Get(address);
        return component.Layout == ComponentLayout.HeadsFirst
            ? throw new InterventionException(
                $"{component} holds every query and key of a head, so no position of it can be restored."
            )
            : Model.Components.Resolve(address);
    }

    private GridLayout LayoutOf(TraceTarget target)
    {
        var isOnly = _request.Targets.Count(other => other.Component == target.Component) == 1;
        return new GridLayout(
            isOnly ? target.Component : $"{target.Component}-window-{target.Window}",
            [.. Enumerable.Range(0, _layerCount).Select(layer => $"{layer}")],
            _places.Labels,
            "position"
        );
    }
}
