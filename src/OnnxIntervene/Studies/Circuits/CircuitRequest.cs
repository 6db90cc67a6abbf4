using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>What a circuit is looked for in.</summary>
public sealed record CircuitRequest
{
    /// <summary>The prompts, each with a corrupt one of the same length; lengths may differ between prompts.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>What is measured: any metric that has a gradient.</summary>
    public Metric Metric { get; init; } = Metric.LogitDifference;

    /// <summary>
    /// How many points gradients are averaged over, at the middle of equal steps on the straight way of the embeddings
    /// from the clean to the corrupt prompt (EAP-IG, Hanna et al. 2024); 0 for the gradient of the clean run alone
    /// (EAP, Syed et al. 2023).
    /// </summary>
    public int Steps { get; init; }

    /// <summary>Checks the request on a model, and finds the model's nodes; nothing is run.</summary>
    internal CircuitSites Check(LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(Steps);
        StudyRequirements.Check(model, Prompts, [Metric]);
        StudyRequirements.RequireCorrupt(Prompts);
        MetricLoss.Require(Metric);
        if (Steps == 0 && Metric == Metric.Divergence)
            throw new InterventionException(
                $"The metric {Metric} is smallest in the clean run itself, where its gradient is 0: every score would "
                    + "be 0. Integrate over some steps, or choose another metric."
            );
        return CircuitSites.Of(model.Components);
    }
}
