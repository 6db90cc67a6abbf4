using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Chat;

/// <summary>What answers are generated under: any interventions, how strongly, and when they act.</summary>
/// <param name="Model">The chat client's model with interventions.</param>
public sealed record ChatSteering(IntervenableModel Model)
{
    /// <summary>Coefficients, constant sources and subspaces.</summary>
    public RunSettings Settings { get; init; } = new();

    /// <summary>
    /// When each intervention acts: one for all, or one each; those of <see cref="GenerationOptions"/> where left out.
    /// </summary>
    public ImmutableArray<InterventionSchedule> Schedules { get; init; } = [];

    /// <summary>The sources, as in <see cref="IntervenableModel.Run"/>; null for none.</summary>
    public IReadOnlyList<ModelInputs?>? Sources { get; init; }

    /// <summary>
    /// Where sources are read, and positions of the conversation's whole prompt; null for everywhere.
    /// </summary>
    public UnitLocations? UnitLocations { get; init; }
}
