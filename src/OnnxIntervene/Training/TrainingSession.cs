using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// Owns the sessions that compute a loss and its gradients by the parameters of interventions: of the whole model, or
/// of the part that parameters can change and of the frozen rest. Each is opened when it is first needed.
/// </summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly TrainingModel _built;
    private readonly Lazy<FrozenPart> _parts;
    private readonly Lazy<InterventionSession> _whole;
    private readonly Lazy<InterventionSession> _frozen;
    private readonly Lazy<InterventionSession> _rest;
    private readonly Lazy<InterventionSession> _evaluation;

    /// <summary>Builds the graph.</summary>
    /// <exception cref="InterventionException">
    /// A parameter cannot change the loss, or an operator between them has no gradient rule.
    /// </exception>
    public TrainingSession(
        LoadedModel model,
        IReadOnlyList<SpliceSite> sites,
        Loss loss,
        Func<int, string, bool> isTrained,
        int keepsEvery
    )
    {
        _built = TrainingModel.Of(
            model.Model,
            model.Components,
            sites,
            loss,
            spliced => TrainingModel.Parameters(spliced, isTrained),
            keepsEvery
        );
        _parts = new(() => FrozenPart.Of(_built.Spliced, _built.Evaluated));
        _whole = new(() => model.OpenSession(_built.Spliced));
        _frozen = new(() => model.OpenSession(_parts.Value.Frozen));
        _rest = new(() => model.OpenSession(_parts.Value.Rest));
        _evaluation = new(() => model.OpenSession(_parts.Value.Evaluation));
    }

    /// <summary>The sites' ports, in the order of the sites.</summary>
    public ImmutableArray<SitePorts> Sites => _built.Spliced.Sites;

    /// <summary>How the model is cut in two.</summary>
    public FrozenPart Parts => _parts.Value;

    /// <summary>What the frozen part gives for some inputs, in the order of its names.</summary>
    public ImmutableArray<NumericArray> ReadFrozen(ModelInputs inputs, CancellationToken cancellation) =>
        _frozen.Value.Run(inputs, [.. Sites.Select(_ => SiteFeed.Neutral)], Parts.Names, cancellation);

    /// <summary>Computes the loss and its gradients by a run of the whole model.</summary>
    public TrainingRun Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        CancellationToken cancellation
    ) => _built.Run(_whole.Value, inputs, feeds, loss, [], withGradients: true, cancellation);

    /// <summary>Computes the loss, and its gradients if they are wanted, from what the frozen part gave.</summary>
    public TrainingRun Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        IReadOnlyList<NumericArray> frozen,
        bool withGradients,
        CancellationToken cancellation
    ) =>
        _built.Run(
            withGradients ? _rest.Value : _evaluation.Value,
            inputs,
            feeds,
            loss,
            frozen.Select((array, index) => new KeyValuePair<string, NumericArray>(Parts.Names[index], array)),
            withGradients,
            cancellation
        );

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var session in new[] { _whole, _frozen, _rest, _evaluation }.Where(session => session.IsValueCreated))
            session.Value.Dispose();
    }
}
