using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

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
    private readonly OptimizerState _optimizer;
    private readonly GradientSum _sum = new();
    private readonly List<(ImmutableArray<SpliceSite> Sites, string Loss, WeightRun Run)> _runs = [];

    /// <summary>Begins with the file's weights.</summary>
    /// <param name="model">The model and its interventions; the caller keeps it open while the trainer is used.</param>
    /// <param name="weights">
    /// Weights by the names that the file gives them (initializers); none for every matrix and vector of 32-bit floats.
    /// </param>
    /// <param name="options">How they are trained; what concerns rotations and soft masks has no effect.</param>
    /// <exception cref="InterventionException">
    /// The model has no such weight, sources form a chain, or an option is out of its range.
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
        if (model.Config.Mode == InterventionMode.Serial)
            throw new InterventionException(
                "Sources that form a chain (mode 'serial') cannot be trained on. Use 'parallel' sources."
            );
        _model = model;
        _weights = new TrainedWeights(model.Model, weights ?? []);
        _optimizer = new OptimizerState(Options.Optimizer, _weights.Arrays);
    }

    /// <summary>How the weights are trained.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The names of the weights that are trained.</summary>
    public ImmutableArray<string> Weights => _weights.Names;

    /// <summary>How many steps have moved the weights.</summary>
    public int StepCount => _optimizer.StepCount;

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
    /// The batch does not fit the model, or its loss is not a finite number; the weights stay as they were.
    /// </exception>
    /// <exception cref="Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled.</exception>
    public StepResult Step(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var run = Gradient(batch, cancellation);
        if (!double.IsFinite(run.Loss))
            throw new InterventionException(
                $"The loss is {run.Loss}. Look at the batch, take a smaller learning rate, or limit gradients."
            );
        _sum.Add(run.Gradients, 1f / Options.GradientAccumulation);
        double? norm = _sum.Count == Options.GradientAccumulation ? Move() : null;
        return new StepResult(run.Loss, run.Accuracy, norm);
    }

    /// <summary>
    /// Writes the model with the trained weights: a plain model file, which any ONNX Runtime runs, without the
    /// interventions.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, CancellationToken cancellation = default) =>
        OnnxFile.Save(_weights.ToModel(), path, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, run) in _runs)
            run.Dispose();
    }

    /// <summary>A batch's loss and its gradient by each weight.</summary>
    internal StepNumbers Gradient(TrainingBatch batch, CancellationToken cancellation)
    {
        var plan = _model.PlanOf(
            new RunRequest(
                _model.Config,
                _model.Interventions,
                batch.Bases,
                batch.Sources.IsDefaultOrEmpty ? null : batch.Sources,
                batch.UnitLocations,
                batch.Settings
            )
        );
        return RunOf(plan.Sites, batch).Run(plan, batch, cancellation);
    }

    private WeightRun RunOf(ImmutableArray<SpliceSite> sites, TrainingBatch batch)
    {
        foreach (var (known, loss, open) in _runs)
        {
            if (loss == batch.Loss.Structure && known.SequenceEqual(sites))
                return open;
        }

        var run = new WeightRun(_model.Loaded, sites, batch.Loss, _weights);
        _runs.Add((sites, batch.Loss.Structure, run));
        return run;
    }

    private double Move()
    {
        if (Options.Steps == 0 && Options.Schedule.NeedsSteps)
            throw new InterventionException(
                "A schedule needs to know how many steps there will be. Set TrainingOptions.Steps."
            );
        var norm = _sum.Limit(Options.MaximumGradientNorm);
        if (!double.IsFinite(norm))
            throw new InterventionException(
                $"The gradient of step {StepCount + 1} is not finite. Take a smaller learning rate, or limit its norm."
            );
        _optimizer.Move(_sum.Sums, Options.Schedule.Factor(StepCount, Options.Steps));
        _sum.Clear();
        return norm;
    }
}
