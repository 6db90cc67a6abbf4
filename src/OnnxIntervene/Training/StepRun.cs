using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>One batch forward and back: the loss, and its gradients by the free numbers.</summary>
internal sealed class StepRun(
    IntervenableModel model,
    StructureSessions<TrainingSession> sessions,
    TrainedInterventions trained,
    TrainingOptions options
)
{
    /// <summary>Runs the sources, then the bases with the interventions, and back.</summary>
    /// <exception cref="InterventionException">The batch does not fit, or the loss is not finite.</exception>
    public StepNumbers Run(TrainingBatch batch, CancellationToken cancellation)
    {
        var plan = Plan(batch);
        using var runner = new PlanRunner(model.Loaded, plan, cancellation);
        var session = sessions.Of(plan.Sites, batch.Loss);
        var run = session.Run(batch.Bases, runner.SiteFeeds(), batch.Loss, cancellation);
        return Numbers(run, batch, session, withGradients: true, cancellation);
    }

    /// <summary>The same on examples of a set, of which the frozen part is computed once.</summary>
    /// <param name="examples">The set.</param>
    /// <param name="numbers">The numbers of the examples.</param>
    /// <param name="withGradients">Whether gradients are wanted.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The examples do not fit, or the loss is not finite.</exception>
    public StepNumbers Run(
        FrozenExamples examples,
        IReadOnlyList<int> numbers,
        bool withGradients,
        CancellationToken cancellation
    )
    {
        var batch = examples.Batch(numbers);
        var plan = Plan(batch);
        using var runner = new PlanRunner(model.Loaded, plan, cancellation);
        var session = sessions.Of(plan.Sites, batch.Loss);
        var sources = examples.Sources(
            numbers,
            [.. Enumerable.Range(0, plan.Planned.Length).Where(index => plan.Planned[index].HasSourceRun)],
            missing => ReadSources(examples.Batch(missing), cancellation)
        );
        var frozen = examples.Base(session, numbers, batch.Bases, cancellation);
        var feeds = runner.SiteFeeds(sources);
        var run = session.Run(batch.Bases, feeds, batch.Loss, frozen, withGradients, cancellation);
        return Numbers(run, batch, session, withGradients, cancellation);
    }

    /// <summary>How steps on examples like one are computed.</summary>
    public TrainingExplanation Explain(TrainingBatch batch, CancellationToken cancellation)
    {
        var plan = Plan(batch);
        var session = sessions.Of(plan.Sites, batch.Loss);
        var parts = session.Parts;
        var kept = parts.Names.IsEmpty ? [] : session.ReadFrozen(batch.Bases, cancellation);
        var sources = batch.Sources.Any(source => source is not null) ? ReadSources(batch, cancellation).Values : [];
        var (length, own) = (batch.Bases.Length, model.Model);
        // Forward for base and source, and back through all of it.
        var naive = 3 * ProductCount.Of(own, length, null);
        return new TrainingExplanation(
            parts.Names,
            kept.Concat(sources).Sum(array => (long)array.Length * sizeof(float)),
            parts.Names.IsEmpty ? 0 : parts.Frozen.Model.Graph.Nodes.Count(),
            parts.Rest.Model.Graph.Nodes.Count(),
            naive == 0 ? 1 : ProductCount.Of(parts.Rest.Model, length, parts.Rest.PositionsInput) / naive
        );
    }

    private RunPlan Plan(TrainingBatch batch) => model.PlanOf(batch.RequestOf(model.Config, trained.Current));

    private IReadOnlyDictionary<int, NumericArray> ReadSources(TrainingBatch batch, CancellationToken cancellation)
    {
        using var runner = new PlanRunner(model.Loaded, Plan(batch), cancellation);
        return runner.ReadSourceRows();
    }

    private StepNumbers Numbers(
        TrainingRun run,
        TrainingBatch batch,
        TrainingSession session,
        bool withGradients,
        CancellationToken cancellation
    )
    {
        var loss = run.Loss + (options.BoundaryWeight * Boundaries().Sum());
        return StepNumbers.Of(
            loss,
            run.Predictions,
            batch.Loss.Targets,
            withGradients
                ? [.. trained.Parameters.Select(parameter => Gradient(parameter, session, run, cancellation))]
                : []
        );
    }

    private IEnumerable<double> Boundaries() =>
        trained
            .Parameters.Where(parameter => parameter.IsBoundary)
            .Select(parameter => (double)parameter.Array.Free.Floats[0]);

    // What several sites share has the sum of their gradients.
    private NumericArray Gradient(
        TrainedParameter parameter,
        TrainingSession session,
        TrainingRun run,
        CancellationToken cancellation
    )
    {
        var inputs = session
            .Sites.SelectMany((site, index) => site.Parameters.Select(port => (Index: index, Port: port)))
            .Where(entry => entry.Port.Name == parameter.Name && trained.Of(entry.Index).Contains(parameter))
            .Select(entry => entry.Port.Input)
            .Distinct();
        var sum = new float[parameter.Array.Value.Length];
        foreach (var input in inputs)
            TensorPrimitives.Add(sum, run.Gradients[input].Floats, sum);
        if (options.BoundaryWeight != 0 && parameter.IsBoundary)
            sum[0] += (float)options.BoundaryWeight;
        return parameter.Array.Gradient(NumericArray.Of(sum, parameter.Array.Value.Shape.AsSpan()), cancellation);
    }
}
