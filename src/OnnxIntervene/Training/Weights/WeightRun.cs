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
    private readonly ImmutableArray<string> _outputs;

    /// <summary>Builds the graph of the base's run.</summary>
    /// <exception cref="InterventionException">
    /// An operator between a weight and the loss has no gradient rule, or a kind reads units of its source together.
    /// </exception>
    public WeightRun(LoadedModel model, ImmutableArray<SpliceSite> sites, Loss loss, TrainedWeights weights)
    {
        if (sites.FirstOrDefault(site => site.UnitsPerRow > 1) is { } folded)
            throw new InterventionException(
                $"Weights cannot be trained through {folded.Type.ClassName} at {folded.Address}: it takes several "
                    + "units of its source as one row. Use one unit, or another kind: VanillaIntervention, for example."
            );
        (_model, _weights) = (model, weights);
        _built = TrainingModel.Of(model.Model, model.Components, sites, loss, Targets);
        _session = model.OpenSession(
            _built.Spliced with
            {
                AddedInputs = [.. _built.Spliced.AddedInputs, .. weights.Names.Select(TrainedWeights.InputOf)],
            }
        );
        _outputs = [.. _built.Evaluated, .. _built.Gradients.Values];
    }

    /// <summary>Runs a batch.</summary>
    public StepNumbers Run(RunPlan plan, TrainingBatch batch, CancellationToken cancellation)
    {
        batch.Loss.CheckClasses(_built.Classes);
        GradientModel.RefuseCache(batch.Bases, _built.IsWithoutCache);
        var runs = plan.SourceRuns().ToList();
        var rows = new Dictionary<int, NumericArray>();
        foreach (var run in runs)
        {
            var read = Source(plan, run).Read(run.Inputs, Reads(plan, run), _weights, cancellation);
            for (var order = 0; order < run.Reads.Length; order++)
                rows[run.Reads[order]] = read[order];
        }

        var added = batch.Loss.Feeds(batch.Bases, _built.OutputAxes).ToDictionary();
        NumericArray? positions = null;
        if (_built.Spliced.PositionsInput is not null)
            (positions, added[LossRows.Places]) = LossRows.Chosen(added[LossRows.Places], batch.Bases.BatchSize);
        var feeds = plan
            .Planned.Select(
                (site, index) => site.Write(rows.TryGetValue(index, out var own) ? new SourceRows(own) : null)
            )
            .ToList();
        var arrays = _session.Run(
            batch.Bases,
            feeds,
            _outputs,
            positions,
            added
                .Select(feed => new KeyValuePair<string, NumericArray>(LossGraph.Prefix + feed.Key, feed.Value))
                .Concat(_weights.Feeds)
                .ToDictionary(),
            cancellation
        );
        var byName = _outputs.Zip(arrays).ToDictionary(pair => pair.First, pair => pair.Second);
        var sums = _weights
            .Names.Select(name => byName[_built.Gradients[TrainedWeights.InputOf(name)]].Floats.ToArray())
            .ToList();
        foreach (var run in runs)
            AddSource(sums, plan, run, byName, cancellation);
        return new StepNumbers(
            arrays[0].Floats[0],
            _built.Predictions is { } name && batch.Loss.Targets is { } labels
                ? StepNumbers.Count(byName[name], labels)
                : null,
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
        Dictionary<string, NumericArray> results,
        CancellationToken cancellation
    )
    {
        var given = run.Reads.Select(index => results[_built.Gradients[_built.Spliced.Sites[index].Source!]]);
        var gradients = Source(plan, run).Back(run.Inputs, Reads(plan, run), _weights, given, cancellation);
        for (var index = 0; index < sums.Count; index++)
            TensorPrimitives.Add(sums[index], gradients[index].Floats, sums[index]);
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
