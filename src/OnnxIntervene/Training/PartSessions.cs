using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// Owns the sessions of a graph that is differentiated, in two parts: what nothing can change that a step moves, and
/// the rest, with gradients and without. Each is opened when it is first needed.
/// </summary>
internal sealed class PartSessions : IDisposable
{
    private readonly Lazy<FrozenPart> _parts;
    private readonly Lazy<InterventionSession> _frozen;
    private readonly Lazy<InterventionSession> _rest;
    private readonly Lazy<InterventionSession> _evaluation;

    /// <param name="model">The model.</param>
    /// <param name="whole">The graph.</param>
    /// <param name="evaluated">The outputs that are wanted without gradients.</param>
    public PartSessions(LoadedModel model, SplicedModel whole, IReadOnlyList<string> evaluated)
    {
        _parts = new(() => FrozenPart.Of(whole, evaluated));
        _frozen = new(() => model.OpenSession(_parts.Value.Frozen));
        _rest = new(() => model.OpenSession(_parts.Value.Rest));
        _evaluation = new(() => model.OpenSession(_parts.Value.Evaluation));
    }

    /// <summary>How the graph is cut in two.</summary>
    public FrozenPart Parts => _parts.Value;

    /// <summary>The session of the rest.</summary>
    public InterventionSession Rest(bool withGradients) => withGradients ? _rest.Value : _evaluation.Value;

    /// <summary>What the frozen part gives for some inputs, in the order of its names.</summary>
    public IReadOnlyList<NumericArray> ReadFrozen(ModelInputs inputs, CancellationToken cancellation) =>
        Parts.Names.IsEmpty
            ? []
            : _frozen.Value.Run(inputs, SiteFeed.NeutralOf(Parts.Frozen), Parts.Names, cancellation);

    /// <summary>What the frozen part gave, by the inputs of the rest.</summary>
    public IEnumerable<KeyValuePair<string, NumericArray>> Feeds(IReadOnlyList<NumericArray> frozen) =>
        frozen.Select((array, index) => new KeyValuePair<string, NumericArray>(Parts.Names[index], array));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var session in new[] { _frozen, _rest, _evaluation }.Where(session => session.IsValueCreated))
            session.Value.Dispose();
    }
}
