using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Weights;

/// <summary>
/// Owns the sessions of one structure of sites and kind of loss: a batch forward and back to the weights, through the
/// base's run and those of its sources.
/// </summary>
internal sealed class WeightRun : IDisposable
{
    private readonly LoadedModel _model;
    private readonly TrainedWeights _weights;
    private readonly TrainingModel _built;
    private readonly InterventionSession _session;
    private readonly Dictionary<string, WeightSource> _sources = [];

    /// <summary>Builds the graph of the base's run.</summary>
    /// <exception cref="InterventionException">
    /// An operator between a weight and the loss has no gradient rule.
    /// </exception>
    public WeightRun(LoadedModel model, ImmutableArray<SpliceSite> sites, Loss loss, TrainedWeights weights)
    {
        (_model, _weights) = (model, weights);
        _built = TrainingModel.Of(model.Model, model.Components, sites, loss, Targets);
        _session = model.OpenSession(
            _built.Spliced with
            {
                AddedInputs = [.. _built.Spliced.AddedInputs, .. weights.Names.Select(TrainedWeights.InputOf)],
            }
        );
    }

    /// <summary>Runs a batch.</summary>
    public StepNumbers Run(RunPlan plan, TrainingBatch batch, CancellationToken cancellation)
    {
        var sources = plan.SourceRuns().ToList();
        var rows = new Dictionary<int, NumericArray>();
        foreach (var source in sources)
        {
            var read = Source(plan, source).Read(source.Inputs, Reads(plan, source), _weights, cancellation);
            for (var order = 0; order < source.Reads.Length; order++)
                rows[source.Reads[order]] = read[order];
        }

        var feeds = plan
            .Planned.Select(
                (site, index) => site.Write(rows.TryGetValue(index, out var own) ? new SourceRows(own) : null)
            )
            .ToList();
        var run = _built.Run(
            _session,
            batch.Bases,
            feeds,
            batch.Loss,
            _weights.Feeds,
            withGradients: true,
            cancellation
        );
        var sums = _weights.Names.Select(name => run.Gradients[TrainedWeights.InputOf(name)].Floats.ToArray()).ToList();
        foreach (var source in sources)
            AddSource(sums, plan, source, run.Gradients, cancellation);
        return StepNumbers.Of(
            run.Loss,
            run.Predictions,
            batch.Loss.Targets,
            [.. sums.Select((sum, index) => NumericArray.Of(sum, _weights.Arrays[index].Free.Shape.AsSpan()))]
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        foreach (var source in _sources.Values)
            source.Dispose();
    }

    // The base's run depends on a weight itself, and by what sources' runs read.
    private ImmutableArray<Value> Targets(SplicedModel spliced)
    {
        var ports = spliced.Sites.Select(site => site.Source).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var sources = spliced.Model.Graph.Inputs.Where(input => ports.Contains(input.Name)).ToList();
        return [.. _weights.ToInputs(spliced.Model), .. sources];
    }

    private void AddSource(
        List<float[]> sums,
        RunPlan plan,
        SourceRun run,
        ImmutableDictionary<string, NumericArray> gradients,
        CancellationToken cancellation
    )
    {
        var given = run.Reads.Select(index =>
            plan.Planned[index].ArrangedAsRead(gradients[_built.Spliced.Sites[index].Source!])
        );
        var own = Source(plan, run).Back(run.Inputs, Reads(plan, run), _weights, given, cancellation);
        for (var index = 0; index < sums.Count; index++)
            TensorPrimitives.Add(sums[index], own[index].Floats, sums[index]);
    }

    private static SiteFeed[] Reads(RunPlan plan, SourceRun run) =>
        [.. run.Reads.Select(index => plan.Planned[index].ReadSource())];

    private WeightSource Source(RunPlan plan, SourceRun run)
    {
        var key = string.Join(' ', run.Reads);
        if (!_sources.TryGetValue(key, out var source))
        {
            source = new WeightSource(
                _model,
                [.. run.Reads.Select(index => plan.Planned[index].Site.ToRead())],
                _weights
            );
            _sources.Add(key, source);
        }

        return source;
    }
}
