using System.Collections.Immutable;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Training;

/// <summary>What one step learns from.</summary>
/// <param name="Bases">What is intervened on.</param>
/// <param name="Sources">One for all interventions, or one each; null entries skip.</param>
/// <param name="Loss">What is made small.</param>
public sealed record TrainingBatch(ModelInputs Bases, ImmutableArray<ModelInputs?> Sources, Loss Loss)
{
    /// <summary>Where sources are read and bases written; null for everywhere.</summary>
    public UnitLocations? UnitLocations { get; init; }

    /// <summary>Subspaces, coefficients and constant sources.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>The batch as a run of interventions.</summary>
    internal RunRequest RequestOf(IntervenableConfig config, ImmutableArray<Intervention> interventions) =>
        new(config, interventions, Bases, Sources.IsDefaultOrEmpty ? null : Sources, UnitLocations, Settings);
}
