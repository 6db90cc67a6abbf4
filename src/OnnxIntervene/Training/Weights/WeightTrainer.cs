using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
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
    private readonly StructureSessions<WeightRun> _runs;

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
        Options.Check(model.Config);
        _model = model;
        _weights = new TrainedWeights(model.Model, weights ?? []);
        _steps = new GradientSteps(Options, _weights.Arrays);
        _runs = new StructureSessions<WeightRun>((sites, loss) => new WeightRun(model.Loaded, sites, loss, _weights));
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
    /// The batch does not fit the model, or its loss is not a finite number; the weights stay as they were.
    /// </exception>
    /// <exception cref="Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled.</exception>
    public StepResult Step(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var plan = _model.PlanOf(batch.RequestOf(_model.Config, _model.Interventions));
        return _steps.Learn(_runs.Of(plan.Sites, batch.Loss).Run(plan, batch, cancellation));
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

    internal IReadOnlyList<TrainedArray> Arrays => _weights.Arrays;

    /// <summary>Writes the model with what belongs beside it.</summary>
    internal void Save(string path, SaveSteps steps, CancellationToken cancellation) =>
        OnnxFile.Save(_weights.ToModel(), path, steps, cancellation);
}
