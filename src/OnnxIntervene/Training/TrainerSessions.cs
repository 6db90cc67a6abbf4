using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Training;

/// <summary>
/// Owns the sessions of a training of interventions: of bases' runs, and of those runs of sources that it changes.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="trained">What is trained.</param>
/// <param name="keepsEvery">
/// Of how many layers the output of one is kept for the way back; 0 to keep everything.
/// </param>
internal sealed class TrainerSessions(LoadedModel model, TrainedInterventions trained, int keepsEvery) : IDisposable
{
    private readonly StructureSessions<TrainingSession> _bases = new();
    private readonly StructureSessions<SourceSession> _sources = new();

    /// <summary>The sessions of a base's run.</summary>
    /// <exception cref="InterventionException">
    /// A parameter cannot change the loss, or an operator between them has no gradient rule.
    /// </exception>
    public TrainingSession OfBase(PlanPart part, TrainedChain chain, Loss loss) =>
        _bases.Of(
            part.Recipe.Sites,
            $"{loss.Structure} of {Names(part, chain)}",
            () => new TrainingSession(model, part.Recipe.Sites, loss, Targets(part, chain), keepsEvery)
        );

    /// <summary>The sessions of a source's run.</summary>
    /// <exception cref="InterventionException">An operator before what is read has no gradient rule.</exception>
    public SourceSession OfSource(PlanPart part, TrainedChain chain) =>
        _sources.Of(
            part.Recipe.Sites,
            $"{string.Join(' ', part.Reads)} of {Names(part, chain)}",
            () =>
                new SourceSession(
                    model,
                    part.Recipe.Sites,
                    part.ReadSites,
                    Targets(part, chain),
                    keepsEvery: keepsEvery
                )
        );

    /// <inheritdoc/>
    public void Dispose()
    {
        _bases.Dispose();
        _sources.Dispose();
    }

    private static string Names(PlanPart part, TrainedChain chain) =>
        string.Join(' ', part.Indices.Select(index => chain.IsFed(index) ? $"{index}*" : $"{index}"));

    private Func<SplicedModel, ImmutableArray<Value>> Targets(PlanPart part, TrainedChain chain) =>
        spliced =>
            TrainingModel.Parameters(
                spliced,
                (site, name) => part.IsWritten(site) && trained.IsTrained(part.Indices[site], name),
                site => part.IsWritten(site) && chain.IsFed(part.Indices[site])
            );
}
