using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>Owns the session that computes a loss and its gradients by the parameters of interventions.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly TrainingModel _built;
    private readonly InterventionSession _session;
    private readonly ImmutableArray<string> _outputs;
    private readonly int _classes;

    /// <summary>Builds the graph and opens its session.</summary>
    /// <exception cref="InterventionException">
    /// A parameter cannot change the loss, or an operator between them has no gradient rule.
    /// </exception>
    public TrainingSession(
        LoadedModel model,
        IReadOnlyList<SpliceSite> sites,
        Loss loss,
        Func<int, string, bool> isTrained
    )
    {
        _built = TrainingModel.Of(model.Model, model.Components, sites, loss, isTrained);
        _session = model.OpenSession(_built.Spliced);
        _classes = _built.Classes;
        _outputs = [.. _built.Gradients.Values.Prepend(_session.FirstOutput)];
        if (_built.Predictions is { } predictions)
            _outputs = _outputs.Add(predictions);
    }

    /// <summary>The sites' ports, in the order of the sites.</summary>
    public ImmutableArray<SitePorts> Sites => _built.Spliced.Sites;

    /// <summary>Computes the loss and its gradients.</summary>
    public TrainingRun Run(ModelInputs inputs, IReadOnlyList<SiteFeed> feeds, Loss loss, CancellationToken cancellation)
    {
        loss.CheckClasses(_classes);
        GradientModel.RefuseCache(inputs, _built.IsWithoutCache);
        var added = loss.Feeds(inputs, _built.OutputAxes)
            .ToDictionary(feed => LossGraph.Prefix + feed.Key, feed => feed.Value);
        var values = _session.RunValues(inputs, feeds, _outputs, null, added, cancellation);
        try
        {
            var arrays = _outputs.Zip(values, (name, value) => (name, value.Array)).ToDictionary();
            return new TrainingRun(
                arrays[_session.FirstOutput].Floats[0],
                _built.Predictions is { } predictions ? arrays[predictions] : null,
                _built.Gradients.ToImmutableDictionary(entry => entry.Key, entry => arrays[entry.Value])
            );
        }
        finally
        {
            foreach (var value in values)
                value.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}

/// <summary>What a run gave.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Predictions">The most probable class of each row; null where the loss reads none.</param>
/// <param name="Gradients">Gradients by the inputs that hold parameters.</param>
internal sealed record TrainingRun(
    float Loss,
    NumericArray? Predictions,
    ImmutableDictionary<string, NumericArray> Gradients
);
