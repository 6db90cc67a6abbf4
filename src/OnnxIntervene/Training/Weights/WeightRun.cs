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
    private readonly Lazy<InterventionSession> _whole;
    private readonly Lazy<InterventionSession> _rows;
    private readonly StructureSessions<SourceSession> _sources = new();

    /// <summary>Builds the graph of the base's run.</summary>
    /// <exception cref="InterventionException">
    /// An operator between a weight and the loss has no gradient rule.
    /// </exception>
    public WeightRun(LoadedModel model, ImmutableArray<SpliceSite> sites, Loss loss, TrainedWeights weights)
    {
        (_model, _weights) = (model, weights);
        _built = TrainingModel.Of(model.Model, model.Components, sites, loss, Targets);
        _whole = new(() => model.OpenSession(Fed(_built.Spliced)));
        _rows = new(() => model.OpenSession(Fed(_built.RowsAlone())));

        SplicedModel Fed(SplicedModel spliced) =>
            spliced with
            {
                AddedInputs = [.. spliced.AddedInputs, .. weights.Names.Select(TrainedWeights.InputOf)],
            };
    }

    /// <summary>Whether the output is computed at the positions that the loss reads alone.</summary>
    public bool ReadsAnswersOnly => _built.Spliced.PositionsInput is not null;

    /// <summary>The sites of a plan that the base's run needs.</summary>
    public static PlanPart BaseOf(RunPlan plan) => PlanPart.OfBase(plan, plan.WrittenInBase, []);

    /// <summary>Runs a batch.</summary>
    /// <param name="plan">The batch as a run.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="whose">Names what gives a loss that is not finite.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public StepNumbers Run(RunPlan plan, TrainingBatch batch, Func<string> whose, CancellationToken cancellation)
    {
        var rows = new Dictionary<int, NumericArray>();
        var ways = new Stack<SourceWay>();
        foreach (var run in plan.SourceRuns())
            ways.Push(Read(plan, run, rows, cancellation));
        var part = BaseOf(plan);
        var loss = _built.Run(
            _whole.Value,
            batch.Bases,
            Feeds(plan, part, rows),
            batch.Loss,
            _weights.Feeds,
            withGradients: true,
            cancellation
        );
        var sums = Zeros();
        new ReadGradients(plan).Back(part, _built.Spliced.Sites, loss.Gradients, ways, Add, cancellation);
        return StepNumbers.Of(loss.Loss, loss.Predictions, batch.Loss.Targets, Shaped(sums), whose);

        void Add(PlanPart of, ImmutableArray<SitePorts> sites, ImmutableDictionary<string, NumericArray> gradients)
        {
            foreach (var (sum, name) in sums.Zip(_weights.Names))
                TensorPrimitives.Add(sum, gradients[TrainedWeights.InputOf(name)].Floats, sum);
        }
    }

    /// <summary>What the model gives for each label of a batch, <c>[N, classes]</c>.</summary>
    public NumericArray Scores(RunPlan plan, TrainingBatch batch, CancellationToken cancellation)
    {
        var rows = new Dictionary<int, NumericArray>();
        foreach (var run in plan.SourceRuns())
            Read(plan, run, rows, cancellation);
        var feeds = Feeds(plan, BaseOf(plan), rows);
        return _built.RunRows(_rows.Value, batch.Bases, feeds, batch.Loss, _weights.Feeds, cancellation);
    }

    /// <summary>How a step on a batch is computed.</summary>
    public WeightCost CostOf(RunPlan plan, TrainingBatch batch)
    {
        var inputs = _weights.Names.Select(TrainedWeights.InputOf).ToHashSet(StringComparer.Ordinal);
        var cost = new WeightCost(
            0,
            _built.Spliced.Model.Graph.Nodes.Count(),
            ProductCount.OfWeights(_built.Spliced.Model, batch.Bases.Length, _built.Spliced.PositionsInput, inputs)
        );
        return plan.SourceRuns()
            .Aggregate(cost, (sum, run) => sum.Plus(WeightCost.Of(Source(plan, run).Parts.Parts, run.Inputs, inputs)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var session in new[] { _whole, _rows }.Where(session => session.IsValueCreated))
            session.Value.Dispose();
        _sources.Dispose();
    }

    // A run depends on a weight itself, and by what the sources' runs before it read.
    private ImmutableArray<Value> Targets(SplicedModel spliced)
    {
        var ports = spliced.Sites.Select(site => site.Source).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var sources = spliced.Model.Graph.Inputs.Where(input => ports.Contains(input.Name)).ToList();
        return [.. _weights.ToInputs(spliced.Model), .. sources];
    }

    // What is read is added to the rows.
    private SourceWay Read(
        RunPlan plan,
        SourceRun run,
        Dictionary<int, NumericArray> rows,
        CancellationToken cancellation
    )
    {
        var (part, session) = (PlanPart.OfSource(plan, run), Source(plan, run));
        var frozen = session.Parts.ReadFrozen(run.Inputs, cancellation);
        var feeds = new SourceFeeds(run.Inputs, Feeds(plan, part, rows), frozen) { Others = _weights.Feeds };
        foreach (var (index, read) in run.Reads.Zip(session.Read(feeds, cancellation)))
            rows[index] = read;
        return new SourceWay(run, part, session, feeds);
    }

    private SourceSession Source(RunPlan plan, SourceRun run)
    {
        var part = PlanPart.OfSource(plan, run);
        return _sources.Of(
            part.Recipe.Sites,
            $"{string.Join(' ', part.Indices)} read at {string.Join(' ', part.Reads)}",
            () =>
                new SourceSession(
                    _model,
                    part.Recipe.Sites,
                    part.ReadSites,
                    Targets,
                    _weights.Names.Select(TrainedWeights.InputOf)
                )
        );
    }

    private static SiteFeed[] Feeds(RunPlan plan, PlanPart part, Dictionary<int, NumericArray> rows) =>
        part.Feeds(
            index => plan.Planned[index].Write(rows.TryGetValue(index, out var own) ? new SourceRows(own) : null),
            index => plan.Planned[index].ReadSource()
        );

    private List<float[]> Zeros() => [.. _weights.Arrays.Select(array => new float[array.Free.Length])];

    private IReadOnlyList<NumericArray> Shaped(List<float[]> sums) =>
        [.. sums.Zip(_weights.Arrays, (sum, array) => NumericArray.Of(sum, array.Free.Shape.AsSpan()))];
}
