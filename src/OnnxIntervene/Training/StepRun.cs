using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>One batch forward and back: the loss, and its gradients by the free numbers.</summary>
internal sealed class StepRun(
    IntervenableModel model,
    TrainerSessions sessions,
    TrainedInterventions trained,
    TrainingOptions options
)
{
    /// <summary>Runs the sources, then the bases with the interventions, and back.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="whose">Names the step and the rows whose loss is not finite.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The batch does not fit, or the loss is not finite.</exception>
    public StepNumbers Run(TrainingBatch batch, Func<string> whose, CancellationToken cancellation)
    {
        using var runs = RunsOf(batch, cancellation);
        return Numbers(runs.Run(), batch, runs, withGradients: true, whose, cancellation);
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
        using var runs = RunsOf(batch, cancellation);
        var run = Forward(runs, examples, numbers, withGradients, cancellation);
        return Numbers(run, batch, runs, withGradients, () => Whose(examples, numbers, cancellation), cancellation);
    }

    /// <summary>Checks a batch against the model, and its labels against the classes. Runs nothing.</summary>
    /// <exception cref="InterventionException">The batch does not fit.</exception>
    public void Check(TrainingBatch batch, CancellationToken cancellation)
    {
        using var runs = RunsOf(batch, cancellation);
        runs.Session.Check(batch.Bases, batch.Loss);
    }

    private TrainingRun Forward(
        BatchRuns runs,
        FrozenExamples examples,
        IReadOnlyList<int> numbers,
        bool withGradients,
        CancellationToken cancellation
    )
    {
        return runs.Run(
            Frozen,
            examples.Sources(numbers, runs.FixedReads, runs.HasEvenReads, ReadFixed),
            withGradients
        );

        IReadOnlyList<NumericArray> Frozen(int run, PartSessions parts, ModelInputs inputs) =>
            examples.Frozen(run, parts, numbers, inputs, missing => InputsOf(run, missing), cancellation);

        ModelInputs InputsOf(int run, IReadOnlyList<int> missing)
        {
            var own = examples.Batch(missing);
            using var others = RunsOf(own, cancellation);
            return run == 0 ? own.Bases : others.Changing.ElementAt(run - 1).Inputs;
        }

        IReadOnlyDictionary<int, NumericArray> ReadFixed(IReadOnlyList<int> missing)
        {
            using var others = RunsOf(examples.Batch(missing), cancellation);
            return others.ReadFixed();
        }
    }

    /// <summary>How steps on examples like one are computed.</summary>
    public TrainingExplanation Explain(TrainingBatch batch, CancellationToken cancellation)
    {
        using var runs = RunsOf(batch, cancellation);
        List<(ModelInputs Inputs, PartSessions Parts)> all = [(batch.Bases, runs.Session.Parts), .. runs.Changing];
        var kept = all.SelectMany(run => run.Parts.ReadFrozen(run.Inputs, cancellation));
        var products = all.Select((run, number) => ProductCount.OfStep(run.Parts.Parts, run.Inputs.Length, number > 0));
        // Forward for the bases and every source, and back through all that parameters change.
        var naive = (all.Count + 1 + runs.SourceCount) * ProductCount.Of(model.Model, batch.Bases.Length, null);
        return new TrainingExplanation(
            [.. all.SelectMany(run => run.Parts.Parts.Names).Distinct()],
            kept.Concat(runs.ReadFixed().Values).Sum(array => (long)array.Length * sizeof(float)),
            all.Sum(run => run.Parts.Parts.Names.IsEmpty ? 0 : run.Parts.Parts.Frozen.Model.Graph.Nodes.Count()),
            all.Sum(run => run.Parts.Parts.Rest.Model.Graph.Nodes.Count()),
            all.Sum(run => run.Parts.Parts.Rest.Model.Graph.Nodes.Count(Recomputation.IsRepeated)),
            runs.Session.Parts.Parts.Rest.PositionsInput is not null,
            naive == 0 ? 1 : products.Sum() / naive
        );
    }

    private string Whose(FrozenExamples examples, IReadOnlyList<int> numbers, CancellationToken cancellation)
    {
        return NonFiniteRows.Of(numbers, examples.NameOf, number => float.IsFinite(LossOf(number)));

        float LossOf(int number)
        {
            using var runs = RunsOf(examples.Batch(number), cancellation);
            return Forward(runs, examples, [number], withGradients: false, cancellation).Loss;
        }
    }

    private BatchRuns RunsOf(TrainingBatch batch, CancellationToken cancellation) =>
        new(model, sessions, trained, batch, cancellation);

    private StepNumbers Numbers(
        TrainingRun run,
        TrainingBatch batch,
        BatchRuns runs,
        bool withGradients,
        Func<string> whose,
        CancellationToken cancellation
    )
    {
        var gradients = withGradients ? runs.Back(run) : null;
        return StepNumbers.Of(
            run.Loss + (options.BoundaryWeight * Boundaries().Sum()),
            run.Predictions,
            batch.Loss.Targets,
            gradients is null
                ? []
                : [.. trained.Parameters.Select(own => Gradient(own, gradients.Of(own), cancellation))],
            whose
        );
    }

    private IEnumerable<double> Boundaries() =>
        trained
            .Parameters.Where(parameter => parameter.IsBoundary)
            .Select(parameter => (double)parameter.Array.Free.Floats[0]);

    private NumericArray Gradient(TrainedParameter parameter, float[] sum, CancellationToken cancellation)
    {
        if (options.BoundaryWeight != 0 && parameter.IsBoundary)
            sum[0] += (float)options.BoundaryWeight;
        return parameter.Array.Gradient(NumericArray.Of(sum, parameter.Array.Value.Shape.AsSpan()), cancellation);
    }
}
