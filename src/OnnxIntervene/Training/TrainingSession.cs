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
    private readonly ImmutableArray<string> _outputs;

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
        _outputs = [.. _built.Evaluated, .. _built.Gradients.Values];
    }

    /// <summary>The sites' ports, in the order of the sites.</summary>
    public ImmutableArray<SitePorts> Sites => _built.Spliced.Sites;

    /// <summary>How the model is cut in two.</summary>
    public FrozenPart Parts => _parts.Value;

    /// <summary>The whole training model.</summary>
    public SplicedModel Whole => _built.Spliced;

    /// <summary>What the frozen part gives for some inputs, in the order of its names.</summary>
    public ImmutableArray<NumericArray> ReadFrozen(ModelInputs inputs, CancellationToken cancellation) =>
        _frozen.Value.Run(inputs, [.. Sites.Select(_ => SiteFeed.Neutral)], Parts.Names, cancellation);

    /// <summary>Computes the loss and its gradients by a run of the whole model.</summary>
    public TrainingRun Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        CancellationToken cancellation
    ) => Run(_whole.Value, inputs, feeds, loss, [], _outputs, cancellation);

    /// <summary>Computes the loss, and its gradients if they are wanted, from what the frozen part gave.</summary>
    public TrainingRun Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        IReadOnlyList<NumericArray> frozen,
        bool withGradients,
        CancellationToken cancellation
    ) =>
        Run(
            withGradients ? _rest.Value : _evaluation.Value,
            inputs,
            feeds,
            loss,
            frozen,
            withGradients ? _outputs : _built.Evaluated,
            cancellation
        );

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var session in new[] { _whole, _frozen, _rest, _evaluation }.Where(session => session.IsValueCreated))
            session.Value.Dispose();
    }

    private TrainingRun Run(
        InterventionSession session,
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        IReadOnlyList<NumericArray> frozen,
        ImmutableArray<string> outputs,
        CancellationToken cancellation
    )
    {
        loss.CheckClasses(_built.Classes);
        GradientModel.RefuseCache(inputs, _built.IsWithoutCache);
        var added = loss.Feeds(inputs, _built.OutputAxes).ToDictionary();
        NumericArray? positions = null;
        if (_built.Spliced.PositionsInput is not null)
            (positions, added[LossRows.Places]) = LossRows.Chosen(added[LossRows.Places], inputs.BatchSize);
        var arrays = session.Run(inputs, feeds, outputs, positions, Added(added, frozen), cancellation);
        var byName = outputs.Zip(arrays).ToDictionary(pair => pair.First, pair => pair.Second);
        return new TrainingRun(
            arrays[0].Floats[0],
            _built.Predictions is { } predictions ? byName[predictions] : null,
            _built
                .Gradients.Where(entry => byName.ContainsKey(entry.Value))
                .ToImmutableDictionary(entry => entry.Key, entry => byName[entry.Value])
        );
    }

    private Dictionary<string, NumericArray> Added(
        Dictionary<string, NumericArray> loss,
        IReadOnlyList<NumericArray> frozen
    ) =>
        loss.Select(feed => (LossGraph.Prefix + feed.Key, feed.Value))
            .Concat(frozen.Select((array, index) => (Parts.Names[index], array)))
            .ToDictionary();
}

/// <summary>What a run gave.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Predictions">The most probable class of each row; null where the loss reads none.</param>
/// <param name="Gradients">Gradients by the inputs that hold parameters; empty where none were wanted.</param>
internal sealed record TrainingRun(
    float Loss,
    NumericArray? Predictions,
    ImmutableDictionary<string, NumericArray> Gradients
);
