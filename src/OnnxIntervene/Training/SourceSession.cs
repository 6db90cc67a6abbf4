using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// Owns the sessions of one source's run that steps change: forward to what is read of it, and back from the gradient
/// by that. Each is opened when it is first needed.
/// </summary>
internal sealed class SourceSession : IDisposable
{
    private readonly SourceModel _built;

    /// <summary>Builds the graph.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sites">What is written in the run, and what is read.</param>
    /// <param name="reads">The numbers of the sites that are read.</param>
    /// <param name="targets">What is differentiated by: inputs of the spliced model, which this may add.</param>
    /// <param name="others">What runs feed besides sites.</param>
    /// <param name="keepsEvery">
    /// Of how many layers the output of one is kept for the way back; 0 to keep everything.
    /// </param>
    /// <exception cref="InterventionException">
    /// An operator before what is read has no gradient rule, or a component cannot be reached.
    /// </exception>
    public SourceSession(
        LoadedModel model,
        IReadOnlyList<SpliceSite> sites,
        IReadOnlyList<int> reads,
        Func<SplicedModel, ImmutableArray<Value>> targets,
        IEnumerable<string>? others = null,
        int keepsEvery = 0
    )
    {
        _built = SourceModel.Of(model.Model, model.Components, sites, reads, targets, keepsEvery);
        Parts = new PartSessions(
            model,
            _built.Spliced with
            {
                AddedInputs = [.. _built.Spliced.AddedInputs, .. others ?? []],
            },
            _built.Reads
        );
    }

    /// <summary>The sites' ports, in the order of the sites.</summary>
    public ImmutableArray<SitePorts> Sites => _built.Spliced.Sites;

    /// <summary>The model in two parts.</summary>
    public PartSessions Parts { get; }

    /// <summary>What is read, in the order in which that was asked for.</summary>
    /// <param name="run">What the run is fed.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public ImmutableArray<NumericArray> Read(SourceFeeds run, CancellationToken cancellation)
    {
        GradientModel.RefuseCache(run.Inputs, _built.IsWithoutCache);
        return Parts
            .Rest(withGradients: false)
            .Run(run.Inputs, run.Sites, _built.Reads, null, Added(run).ToDictionary(), cancellation);
    }

    /// <summary>From the gradient by what is read, the gradients by the inputs that they are wanted by.</summary>
    /// <param name="run">What the run is fed.</param>
    /// <param name="gradients">The gradient by each that is read, in its shape.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public ImmutableDictionary<string, NumericArray> Back(
        SourceFeeds run,
        IEnumerable<NumericArray> gradients,
        CancellationToken cancellation
    )
    {
        var added = Added(run).Concat(_built.Seeds.Zip(gradients, KeyValuePair.Create)).ToDictionary();
        var results = Parts
            .Rest(withGradients: true)
            .Run(run.Inputs, run.Sites, [.. _built.Gradients.Values], null, added, cancellation);
        return _built
            .Gradients.Keys.Zip(results)
            .ToImmutableDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => Parts.Dispose();

    private IEnumerable<KeyValuePair<string, NumericArray>> Added(SourceFeeds run) =>
        Parts.Feeds(run.Frozen).Concat(run.Others);
}

/// <summary>What one run of a source is fed.</summary>
/// <param name="Inputs">What the model is run on.</param>
/// <param name="Sites">What each site is fed.</param>
/// <param name="Frozen">What the frozen part gave.</param>
internal sealed record SourceFeeds(
    ModelInputs Inputs,
    IReadOnlyList<SiteFeed> Sites,
    IReadOnlyList<NumericArray> Frozen
)
{
    /// <summary>What is fed besides these, by input.</summary>
    public IEnumerable<KeyValuePair<string, NumericArray>> Others { get; init; } = [];
}
