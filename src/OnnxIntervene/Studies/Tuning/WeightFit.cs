using System.Security.Cryptography;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Studies.Tuning;

/// <summary>One training of weights from its first step, or its checkpoint, to its end.</summary>
internal sealed class WeightFit : IDisposable
{
    private readonly InterchangeTrainingRequest _request;
    private readonly InterchangeTrainingOptions _options;
    private readonly FitState _state;
    private readonly FitCheckpoint? _checkpoint;
    private readonly bool _learnsTask;
    private readonly int _interventions;

    /// <summary>Checks the request, and begins or goes on from the checkpoint.</summary>
    /// <exception cref="InterventionException">Something does not fit.</exception>
    /// <exception cref="ModelFormatException">The checkpoint is not one.</exception>
    public WeightFit(IntervenableModel model, InterchangeTrainingRequest request, InterchangeTrainingOptions options)
    {
        (_request, _options) = (request, options);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Steps, 1, nameof(request));
        ArgumentOutOfRangeException.ThrowIfLessThan(request.BatchSize, 1, nameof(request));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CheckpointEvery, 1, nameof(options));
        Check(model, request.Training, "training");
        Check(model, request.Test, "test");
        _learnsTask = request.LearnsTask && request.Training.UnchangedShare is not null;
        _interventions = model.Config.Representations.Length;
        Trainer = new WeightTrainer(
            model,
            request.Weights,
            request.Options with
            {
                Steps = request.Steps,
                GradientAccumulation = _learnsTask ? 2 : 1,
            }
        );
        _checkpoint = options.Checkpoint is { } path
            ? new FitCheckpoint(path, Identity(model), Trainer.Arrays, Trainer.Steps)
            : null;
        _state = _checkpoint?.Read() ?? new FitState();
    }

    /// <summary>What is trained.</summary>
    public WeightTrainer Trainer { get; }

    /// <summary>Runs to the end; the loss of each step.</summary>
    public IReadOnlyList<double> Run(IProgress<SweepProgress>? progress, CancellationToken cancellation)
    {
        using var log = _options.Log is { } path ? new FitLog(path, _state) : null;
        var batches = TrainingOrder.Of(_request.Training, _request.BatchSize, _request.Seed);
        try
        {
            foreach (var batch in batches.Skip(Trainer.StepCount).Take(_request.Steps - Trainer.StepCount))
            {
                Step(batch, log, cancellation);
                progress?.Report(new SweepProgress(Trainer.StepCount, _request.Steps));
            }
        }
        catch (OperationCanceledException)
        {
            // Half a step is not kept: it is made again.
            Trainer.Steps.Sum.Clear();
            _checkpoint?.Write(_state);
            throw;
        }

        return _state.Losses;
    }

    /// <inheritdoc/>
    public void Dispose() => Trainer.Dispose();

    private void Step(InterchangeBatch batch, FitLog? log, CancellationToken cancellation)
    {
        StepResult result;
        try
        {
            result = Learn(batch, cancellation);
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"Step {Trainer.StepCount + 1}: {fault.Message}", fault);
        }

        _state.Losses.Add(result.Loss);
        _state.Accuracies.Add(result.Accuracy ?? 0);
        _state.Batch++;
        log?.Add(_state, Trainer.StepCount, result);
        if (Trainer.StepCount % _options.CheckpointEvery == 0)
            _checkpoint?.Write(_state);
    }

    private StepResult Learn(InterchangeBatch batch, CancellationToken cancellation)
    {
        var interchange = Trainer.Step(batch.ToTraining(_request.Place, _interventions), cancellation);
        if (!_learnsTask)
            return interchange;
        var task = Trainer.Step(batch.ToTask(_request.Place, _interventions), cancellation);
        return new StepResult((interchange.Loss + task.Loss) / 2, interchange.Accuracy, task.GradientNorm);
    }

    private void Check(IntervenableModel model, InterchangeDataSet data, string name)
    {
        try
        {
            InterchangeAccuracy.Check(model, data, _request.Place);
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"In the {name}: {fault.Message}", fault);
        }
    }

    private NumericArray Identity(IntervenableModel model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StudyIdentity.Add(hash, StudyIdentity.ModelAt(model.File.Path));
        StudyIdentity.Add(hash, model.Config.ToJson());
        foreach (var own in model.Interventions)
        foreach (var (name, array) in own.Parameters.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            StudyIdentity.Add(hash, name);
            StudyIdentity.Add(hash, array);
        }

        StudyIdentity.Add(hash, string.Join(' ', Trainer.Weights));
        StudyIdentity.Add(
            hash,
            $"{_request.Steps} {_request.BatchSize} {_request.Seed} {_learnsTask} | {Trainer.Options}"
        );
        AlignmentIdentity.Add(hash, _request.Training);
        AlignmentIdentity.Add(hash, _request.Place, _request.Training, _interventions);
        return StudyIdentity.Numbers(hash);
    }
}
