using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// Trains the interventions of a model: each step moves their parameters against the gradient of a loss. The model
/// itself stays as it is. Not safe for concurrent use.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly IntervenableModel _model;
    private readonly TrainedInterventions _trained;
    private readonly OptimizerState _optimizer;
    private readonly TrainingSessions _sessions;
    private readonly GradientSum _sum = new();

    /// <summary>Begins with the model's own interventions.</summary>
    /// <param name="model">The model; the caller keeps it open while the trainer is used.</param>
    /// <param name="options">How they are trained.</param>
    /// <exception cref="InterventionException">
    /// Nothing of them is trained, sources form a chain, or an option is out of its range.
    /// </exception>
    public Trainer(IntervenableModel model, TrainingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Options = options ?? new TrainingOptions();
        Options.Check();
        if (model.Config.Mode == InterventionMode.Serial)
            throw new InterventionException(
                "Sources that form a chain (mode 'serial') cannot be trained on. Use 'parallel' sources."
            );
        _model = model;
        _trained = new TrainedInterventions(model, Options.OrthogonalMap, model.Loaded.Options);
        _optimizer = new OptimizerState(Options.Optimizer, _trained);
        _sessions = new TrainingSessions(model.Loaded, _trained.IsTrained);
        _trained.Temperature = Options.Temperature?.At(0, Options.Steps);
    }

    /// <summary>How the interventions are trained.</summary>
    public TrainingOptions Options { get; }

    /// <summary>How many steps have moved the parameters.</summary>
    public int StepCount => _optimizer.StepCount;

    /// <summary>The interventions as they are now, one for each representation.</summary>
    public ImmutableArray<Intervention> Interventions => _trained.Current;

    /// <summary>
    /// The model with the interventions as they are now. It shares the sessions of the model that was given.
    /// </summary>
    public IntervenableModel ToModel() => _model.Loaded.With(Config());

    /// <summary>
    /// Learns from a batch whose labels are the right tokens or classes after each base's last token.
    /// </summary>
    /// <param name="bases">What is intervened on.</param>
    /// <param name="sources">One for all interventions, or one each.</param>
    /// <param name="labels">Integers <c>[batch]</c>.</param>
    /// <param name="unitLocations">Where sources are read and bases written; null for everywhere.</param>
    /// <param name="settings">Subspaces, coefficients and constant sources.</param>
    /// <param name="cancellation">Ends the step early; the parameters stay as they were.</param>
    /// <inheritdoc cref="Step(TrainingBatch, CancellationToken)"/>
    public StepResult Step(
        ModelInputs bases,
        IReadOnlyList<ModelInputs?> sources,
        NumericArray labels,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(sources);
        var loss = new CrossEntropyLoss(labels);
        return Step(
            new TrainingBatch(bases, [.. sources], loss) { UnitLocations = unitLocations, Settings = settings },
            cancellation
        );
    }

    /// <summary>
    /// Learns from a batch: adds its gradient, and moves the parameters when as many batches as
    /// <see cref="TrainingOptions.GradientAccumulation"/> are in.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="cancellation">Ends the step early; the parameters stay as they were.</param>
    /// <exception cref="InterventionException">
    /// The batch does not fit the model, or its loss is not a finite number; the parameters stay as they were.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled.</exception>
    public StepResult Step(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var run = new StepRun(_model, _sessions, _trained, Options).Run(batch, cancellation);
        _sum.Add(run.Gradients, 1f / Options.GradientAccumulation);
        double? norm = _sum.Count == Options.GradientAccumulation ? Move() : null;
        return new StepResult(run.Loss, run.Accuracy, norm);
    }

    /// <summary>
    /// The loss of a batch and its gradients by the numbers that the optimiser moves, in pyvene's names; nothing is
    /// moved.
    /// </summary>
    /// <inheritdoc cref="Step(TrainingBatch, CancellationToken)"/>
    public ParameterGradients Gradients(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var run = new StepRun(_model, _sessions, _trained, Options).Run(batch, cancellation);
        return new ParameterGradients(
            run.Loss,
            [
                .. _trained.Parameters.Zip(
                    run.Gradients,
                    (parameter, gradient) => new ParameterGradient(parameter.Intervention, parameter.FreeName, gradient)
                ),
            ]
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sessions.Dispose();
        _trained.Dispose();
    }

    private double Move()
    {
        if (Options.Steps == 0 && (Options.Schedule.NeedsSteps || Options.Temperature is not null))
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
        _trained.Temperature = Options.Temperature?.At(StepCount, Options.Steps);
        return norm;
    }

    private IntervenableConfig Config() =>
        _model.Config with
        {
            Representations =
            [
                .. _model.Config.Representations.Select(
                    (representation, index) => representation with { Intervention = Interventions[index] }
                ),
            ],
        };
}
