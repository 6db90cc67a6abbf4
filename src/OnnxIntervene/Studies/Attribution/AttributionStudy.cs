using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>The cells of activation patching, estimated.</summary>
internal sealed class AttributionStudy : GridStudy
{
    private readonly PatchStudy _patching;

    public AttributionStudy(LoadedModel model, AttributionRequest request)
        : base(model, request.Patching.Prompts, request.Patching.Metrics)
    {
        _patching = new PatchStudy(model, request.Patching);
        Steps = request.Steps;
        ArgumentOutOfRangeException.ThrowIfNegative(request.Steps);
        foreach (var metric in request.Patching.Metrics)
            MetricLoss.Require(metric);
        (To, From) = PatchWays.Of(request.Patching.Direction);
        if (
            Steps == 0
            && request.Patching.Direction == PatchDirection.Noising
            && request.Patching.Metrics.Contains(Metric.Divergence)
        )
            throw new InterventionException(
                $"The metric {Metric.Divergence} is smallest in the clean run itself, where its gradient is 0: every "
                    + "estimate would be 0. Integrate over some steps, or choose denoising or another metric."
            );
    }

    /// <summary>How many points gradients are averaged over; 0 for the patched run alone.</summary>
    public int Steps { get; }

    /// <summary>The number of the run that would be patched: 0 the clean one, 1 the corrupt one.</summary>
    public int To { get; }

    /// <summary>The number of the run that values come from.</summary>
    public int From { get; }

    /// <inheritdoc/>
    public override ImmutableArray<GridLayout> Layouts => _patching.Layouts;

    /// <inheritdoc/>
    public override ImmutableArray<ComponentAddress> Sites => _patching.Sites;

    /// <inheritdoc/>
    public override bool CountsQueries => _patching.CountsQueries;

    /// <inheritdoc/>
    public override string Description => $"{_patching.Description} {Steps}";

    /// <inheritdoc/>
    public override CorruptRuns CorruptRuns => _patching.CorruptRuns;

    /// <inheritdoc/>
    public override ImmutableArray<SweepBase> BasesOf(int prompt) => _patching.BasesOf(prompt);

    /// <inheritdoc/>
    public override int CellsIn(int prompt) => _patching.CellsIn(prompt);

    /// <inheritdoc/>
    public override GridPlace PlaceOf(int prompt, int cell) => _patching.PlaceOf(prompt, cell);

    /// <summary>What a cell changes in a prompt: the number of a site, and a unit of it.</summary>
    public IEnumerable<(int Site, int Unit)> UnitsOf(int prompt, int cell) => _patching.UnitsOf(prompt, cell);

    /// <inheritdoc/>
    public override SweepCell CellOf(PromptBases bases, int prompt, int cell) => _patching.CellOf(bases, prompt, cell);

    /// <inheritdoc/>
    public override void Check(ImmutableArray<PromptResult> results) => _patching.Check(results);
}
