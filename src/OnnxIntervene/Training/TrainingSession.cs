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
/// Owns the sessions that compute a loss of the base's run and its gradients: of the whole model, or of the part that
/// can change and of the frozen rest. Each is opened when it is first needed.
/// </summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly TrainingModel _built;
    private readonly Lazy<InterventionSession> _whole;

    /// <summary>Builds the graph.</summary>
    /// <exception cref="InterventionException">
    /// A parameter cannot change the loss, or an operator between them has no gradient rule.
    /// </exception>
    public TrainingSession(
        LoadedModel model,
        IReadOnlyList<SpliceSite> sites,
        Loss loss,
        Func<SplicedModel, ImmutableArray<Value>> targets,
        int keepsEvery
    )
    {
        _built = TrainingModel.Of(model.Model, model.Components, sites, loss, targets, keepsEvery);
        _whole = new(() => model.OpenSession(_built.Spliced));
        Parts = new PartSessions(model, _built.Spliced, _built.Evaluated);
    }

    /// <summary>The sites' ports, in the order of the sites.</summary>
    public ImmutableArray<SitePorts> Sites => _built.Spliced.Sites;

    /// <summary>The model in two parts.</summary>
    public PartSessions Parts { get; }

    /// <summary>Checks a batch against the output that the loss reads. Runs nothing.</summary>
    /// <exception cref="InterventionException">A label is no class, or positions do not fit.</exception>
    public void Check(ModelInputs inputs, Loss loss) => _built.FeedsOf(inputs, loss);

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
    ) => _built.Run(Parts.Rest(withGradients), inputs, feeds, loss, Parts.Feeds(frozen), withGradients, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        Parts.Dispose();
        if (_whole.IsValueCreated)
            _whole.Value.Dispose();
    }
}
