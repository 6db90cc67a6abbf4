using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>
/// Trains the interventions of a model: each step moves their parameters against the gradient of a loss. The model
/// itself stays as it is. Not safe for concurrent use.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly IntervenableModel _model;
    private readonly TrainedInterventions _trained;
    private readonly GradientSteps _steps;
    private readonly TrainerSessions _sessions;

    /// <summary>Begins with the model's own interventions.</summary>
    /// <param name="model">The model; the caller keeps it open while the trainer is used.</param>
    /// <param name="options">How they are trained.</param>
    /// <exception cref="InterventionException">
    /// Nothing of them is trained, or an option is out of its range.
    /// </exception>
    public Trainer(IntervenableModel model, TrainingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Options = options ?? new TrainingOptions();
        Options.Check();
        _model = model;
        _trained = new TrainedInterventions(model, Options.OrthogonalMap, model.Loaded.Options);
        _steps = new GradientSteps(Options, [.. _trained.Parameters.Select(parameter => parameter.Array)])
        {
            NeedsSteps = Options.Schedule.NeedsSteps || Options.Temperature is not null,
        };
        _sessions = new TrainerSessions(model.Loaded, _trained, Options.KeepsEveryLayers);
        Begin(Options.Steps);
    }

    /// <summary>How the interventions are trained.</summary>
    public TrainingOptions Options { get; }

    /// <summary>How many steps have moved the parameters.</summary>
    public int StepCount => _steps.Count;

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
    /// The batch does not fit the model, or its loss is not a finite number: the message names the step and the rows.
    /// The parameters stay as they were.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The step was cancelled.</exception>
    public StepResult Step(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Learn(Run(batch, cancellation));
    }

    /// <summary>
    /// Trains on examples until every epoch is over, or held-out accuracy no longer rises. What no parameter can change
    /// is computed once for each example. A cancelled training leaves its checkpoint, and the trainer as it stands.
    /// </summary>
    /// <param name="set">The examples.</param>
    /// <param name="options">How often and in what order they are seen.</param>
    /// <param name="cancellation">Ends the training early.</param>
    /// <exception cref="InterventionException">
    /// The examples do not fit the model, a checkpoint is another training's, or a loss is not finite: the message
    /// names the step and the first example of its batch.
    /// </exception>
    /// <exception cref="ModelFormatException">The checkpoint is not one.</exception>
    /// <exception cref="IOException">The checkpoint or the log cannot be read or written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public FitResult Fit(TrainingSet set, FitOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(set);
        var asked = options ?? new FitOptions();
        asked.Check();
        using var fit = new Fit(this, set, asked);
        return fit.Run(cancellation);
    }

    /// <summary>How a training of a set would be computed. Runs one example's frozen part.</summary>
    /// <exception cref="InterventionException">The examples do not fit the model.</exception>
    public TrainingExplanation Explain(TrainingSet set, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(set);
        return Explain(set.Batch(0), cancellation);
    }

    /// <summary>How a training on examples like one would be computed. Runs its frozen part.</summary>
    /// <param name="example">A batch of one.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The example does not fit the model.</exception>
    public TrainingExplanation Explain(TrainingBatch example, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(example);
        return NewRun().Explain(example, cancellation);
    }

    /// <summary>How well the interventions do as they are now.</summary>
    /// <param name="set">The examples.</param>
    /// <param name="batchSize">How many are run at once.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">The examples do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public Evaluation Evaluate(TrainingSet set, int batchSize = 64, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(set);
        using var examples = new FrozenExamples(set.Batch, set.Count, null);
        return Evaluate(examples, batchSize, cancellation);
    }

    /// <summary>
    /// The loss of a batch and its gradients by the numbers that the optimiser moves, in pyvene's names; nothing is
    /// moved.
    /// </summary>
    /// <inheritdoc cref="Step(TrainingBatch, CancellationToken)"/>
    public ParameterGradients Gradients(TrainingBatch batch, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var run = Run(batch, cancellation);
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

    internal TrainedInterventions Trained => _trained;

    internal GradientSteps Steps => _steps;

    internal IReadOnlyList<TrainedArray> Arrays => [.. _trained.Parameters.Select(parameter => parameter.Array)];

    internal IntervenableModel Model => _model;

    internal StepRun NewRun() => new(_model, _sessions, _trained, Options);

    /// <summary>Sets how many steps there will be, and the temperature that belongs to the step.</summary>
    internal void Begin(int steps)
    {
        _steps.Steps = steps;
        SetTemperature();
    }

    internal StepResult Learn(StepNumbers run)
    {
        var result = _steps.Learn(run);
        SetTemperature();
        return result;
    }

    internal Evaluation Evaluate(FrozenExamples examples, int batchSize, CancellationToken cancellation)
    {
        var (loss, right) = (0.0, 0);
        foreach (var numbers in Enumerable.Range(0, examples.Count).Chunk(batchSize))
        {
            var run = NewRun().Run(examples, numbers, withGradients: false, cancellation);
            loss += run.Loss * numbers.Length;
            right += run.Right?.Right ?? 0;
        }

        return new Evaluation(loss / examples.Count, right, examples.Count);
    }

    /// <summary>Checks all examples of a set against the model. Runs nothing.</summary>
    /// <param name="set">The set.</param>
    /// <param name="batchSize">How many are checked at once.</param>
    /// <param name="place">What the messages begin with.</param>
    /// <exception cref="InterventionException">An example does not fit; the message names it.</exception>
    internal void Check(TrainingSet set, int batchSize, string place = "")
    {
        foreach (var numbers in Enumerable.Range(0, set.Count).Chunk(batchSize))
        {
            try
            {
                NewRun().Check(set.Batch(numbers), default);
            }
            catch (InterventionException)
            {
                Check(set, numbers, place);
                throw;
            }
        }
    }

    // What is wrong in a batch is told by the one example that has it.
    private void Check(TrainingSet set, int[] numbers, string place)
    {
        foreach (var number in numbers)
        {
            try
            {
                NewRun().Check(set.Batch(number), default);
            }
            catch (InterventionException fault)
            {
                throw new InterventionException($"{place}{set.NameOf(number)}: {fault.Message}", fault);
            }
        }
    }

    private StepNumbers Run(TrainingBatch batch, CancellationToken cancellation)
    {
        return NewRun().Run(batch, Whose, cancellation);

        string Whose()
        {
            using var model = ToModel();
            using var run = model.Run(
                batch.Bases,
                batch.Sources.IsDefaultOrEmpty ? null : batch.Sources,
                batch.UnitLocations,
                batch.Settings,
                cancellation
            );
            var output = batch.Loss.Output is { } name ? run.Outputs[name] : run.Outputs.Values.First();
            return NonFiniteRows.Of(StepCount + 1, output.Array, batch.Bases.BatchSize);
        }
    }

    private void SetTemperature() => _trained.Temperature = Options.Temperature?.At(StepCount, _steps.Steps);

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
