using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training.Weights;

/// <summary>
/// Trains the weights of a model under interventions: interchange intervention training (IIT, Geiger et al. 2022),
/// which makes a component stand for a variable. Gradients go through the sources' runs too. The interventions stay as
/// they are. Not safe for concurrent use.
/// </summary>
public sealed class WeightTrainer : IDisposable
{
    private readonly IntervenableModel _model;
    private readonly TrainedWeights _weights;
    private readonly GradientSteps _steps;
    private readonly StructureSessions<WeightRun> _runs = new();

    /// <summary>Begins with the file's weights.</summary>
    /// <param name="model">The model and its interventions; the caller keeps it open while the trainer is used.</param>
    /// <param name="weights">
    /// Weights by the names that the file gives them (initializers); none for every matrix and vector of 32-bit floats.
    /// </param>
    /// <param name="options">How they are trained; what concerns rotations and soft masks has no effect.</param>
    /// <exception cref="InterventionException">
    /// The model has no such weight, an intervention calls a function, or an option is out of its range.
    /// </exception>
    public WeightTrainer(
        IntervenableModel model,
        IReadOnlyList<string>? weights = null,
        TrainingOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        Options = options ?? new TrainingOptions();
        Options.Check();
        RefuseFunctions(model);
        _model = model;
        _weights = new TrainedWeights(model.Model, weights ?? []);
        _steps = new GradientSteps(Options, _weights.Arrays);
    }

    /// <summary>How the weights are trained.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The names of the weights that are trained.</summary>
    public ImmutableArray<string> Weights => _weights.Names;

    /// <summary>How many steps have moved the weights.</summary>
    public int StepCount => _steps.Count;

    /// <summary>A weight as it is now, in the file's shape.</summary>
    /// <exception cref="ArgumentException">It is not trained.</exception>
    public NumericArray Weight(string name) =>
        _weights.Names.IndexOf(name) is >= 0 and var index
            ? _weights.Arrays[index].Value
            : throw new ArgumentException($"'{name}' is not trained.", nameof(name));

    /// <summary>Learns from a batch.</summary>
    /// <param name="batch">The batch; without sources, only the bases.</param>
    /// <param name="cancellation">Ends the step early; the weights stay as they were.</param>
    /// <exception cref="InterventionException">
    /// The batch does not fit the model, or its loss is not a finite number: the message names the step and the rows.
    /// The weights stay as they were.
    /// </exception>
    /// <exception cref="Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled.</exception>
    public StepResult Step(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Step(
            batch,
            () => NonFiniteRows.Of(_steps.Count + 1, Scores(batch, cancellation), batch.Bases.BatchSize),
            cancellation
        );
    }

    /// <summary>How a step on batches like some is computed. Runs nothing.</summary>
    /// <param name="batches">The batches of a step, of one example each.</param>
    /// <exception cref="InterventionException">A batch does not fit the model.</exception>
    public WeightExplanation Explain(params IReadOnlyList<TrainingBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        var (cost, naive, reads) = (default(WeightCost), 0.0, true);
        foreach (var batch in batches)
        {
            var plan = PlanOf(batch);
            var run = RunOf(plan, batch);
            cost = cost.Plus(run.CostOf(plan, batch));
            reads &= run.ReadsAnswersOnly;
            // Forward, back through what is computed, and back to the weights.
            naive += 3 * (1 + plan.SourceRuns().Count()) * ProductCount.Of(_model.Model, batch.Bases.Length, null);
        }

        var numbers = _weights.Arrays.Sum(array => (long)array.Free.Length);
        var kept = 2 + _steps.Optimizer.Moments[0].Length;
        return new WeightExplanation(
            Weights,
            numbers,
            numbers * kept * sizeof(float),
            cost.FrozenNodes,
            cost.Nodes,
            reads,
            naive == 0 ? 1 : cost.Products / naive
        );
    }

    /// <summary>
    /// Writes the model with the trained weights: a plain model file, which any ONNX Runtime runs, without the
    /// interventions.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, CancellationToken cancellation = default) =>
        OnnxFile.Save(_weights.ToModel(), path, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _runs.Dispose();

    internal GradientSteps Steps => _steps;

    /// <summary>Learns from a batch; a loss that is not finite is told by what is said of its examples.</summary>
    internal StepResult Step(TrainingBatch batch, Func<string> whose, CancellationToken cancellation)
    {
        var plan = PlanOf(batch);
        return _steps.Learn(RunOf(plan, batch).Run(plan, batch, whose, cancellation));
    }

    /// <summary>What the model gives for each label of a batch, <c>[N, classes]</c>.</summary>
    internal NumericArray Scores(TrainingBatch batch, CancellationToken cancellation)
    {
        var plan = PlanOf(batch);
        return RunOf(plan, batch).Scores(plan, batch, cancellation);
    }

    internal IReadOnlyList<TrainedArray> Arrays => _weights.Arrays;

    /// <summary>Writes the model with what belongs beside it.</summary>
    internal void Save(string path, SaveSteps steps, CancellationToken cancellation) =>
        OnnxFile.Save(_weights.ToModel(), path, steps, cancellation);

    private RunPlan PlanOf(TrainingBatch batch) => _model.PlanOf(batch.RequestOf(_model.Config, _model.Interventions));

    private WeightRun RunOf(RunPlan plan, TrainingBatch batch)
    {
        var sites = WeightRun.BaseOf(plan).Recipe.Sites;
        return _runs.Of(sites, batch.Loss.Structure, () => new WeightRun(_model.Loaded, sites, batch.Loss, _weights));
    }

    // What it gives depends on the weights, and no gradient passes through it.
    private static void RefuseFunctions(IntervenableModel model)
    {
        if (model.Interventions.FirstOrDefault(own => own.Type.CallsFunction) is { } function)
            throw new InterventionException(
                $"{function.Type.ClassName} calls a function of C#, through which no gradient passes to the weights. "
                    + "Write it as a CustomIntervention, or leave it out."
            );
    }
}
