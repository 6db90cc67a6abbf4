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
        CheckHeldOut(model);
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
        State = _checkpoint?.Read() ?? new FitState();
    }

    /// <summary>What is trained.</summary>
    public WeightTrainer Trainer { get; }

    /// <summary>Where the training stands.</summary>
    public FitState State { get; }

    /// <summary>How a step is computed. Runs nothing.</summary>
    public WeightExplanation Explain()
    {
        var batch = new InterchangeBatch([_request.Training.Examples[0]]);
        return Trainer.Explain(
            _learnsTask
                ? [batch.ToTraining(_request.Place, _interventions), batch.ToTask(_request.Place, _interventions)]
                : [batch.ToTraining(_request.Place, _interventions)]
        );
    }

    /// <summary>Runs to the end, and takes the best of what was measured on the way.</summary>
    public void Run(IProgress<SweepProgress>? progress, CancellationToken cancellation)
    {
        using var log = _options.Log is { } path ? new FitLog(path, State) : null;
        var stopping = Stopping(log, cancellation);
        var batches = TrainingOrder.Of(_request.Training, _request.BatchSize, _request.Seed);
        try
        {
            foreach (var batch in batches.Skip(Trainer.StepCount))
            {
                if (stopping.Ends(Trainer.StepCount) || Trainer.StepCount == _request.Steps)
                    break;
                Step(batch, log, cancellation);
                progress?.Report(new SweepProgress(Trainer.StepCount, _request.Steps));
            }
        }
        catch (OperationCanceledException)
        {
            // Half a step is not kept: it is made again.
            Trainer.Steps.Sum.Clear();
            _checkpoint?.Write(State);
            throw;
        }

        stopping.Restore();
    }

    /// <inheritdoc/>
    public void Dispose() => Trainer.Dispose();

    // What is due is measured before the next step, also by a process that goes on from a checkpoint.
    private EarlyStopping Stopping(FitLog? log, CancellationToken cancellation)
    {
        var batches = InterchangeBatch.Of(_request.HeldOut?.Examples ?? [], _request.BatchSize).ToList();
        return new EarlyStopping(Trainer.Arrays, State, batches.Count > 0 ? Measure : null)
        {
            Steps = _request.Steps,
            Every = _request.MeasuresEvery,
            Patience = _request.Patience,
        };

        double Measure()
        {
            var accuracy = (double)batches.Sum(batch => Right(batch, cancellation)) / _request.HeldOut!.Examples.Length;
            log?.Add(State.Epoch, Trainer.StepCount, accuracy);
            return accuracy;
        }
    }

    private int Right(InterchangeBatch batch, CancellationToken cancellation)
    {
        var scores = Trainer.Scores(batch.ToTraining(_request.Place, _interventions), cancellation);
        return batch.Examples.Where((example, row) => example.Label == Answer(row)).Count();

        int Answer(int row) => BestAnswer.Of(scores.Row(row).Floats, _request.HeldOut!.Answers);
    }

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

        State.Losses.Add(result.Loss);
        State.Accuracies.Add(result.Accuracy ?? 0);
        State.Batch++;
        log?.Add(State, Trainer.StepCount, result);
        if (Trainer.StepCount % _options.CheckpointEvery == 0)
            _checkpoint?.Write(State);
    }

    private string Whose(InterchangeBatch batch, CancellationToken cancellation)
    {
        var all = _request.Training.Examples;
        var numbers = batch.Examples.Select(example => all.IndexOf(example, 0, ReferenceEqualityComparer.Instance));
        return NonFiniteRows.Of([.. numbers], _request.Training.NameOf, number => IsFinite(all[number]));

        bool IsFinite(InterchangeExample example)
        {
            var one = new InterchangeBatch([example]).ToTraining(_request.Place, _interventions);
            return Trainer.Scores(one, cancellation).IsFinite;
        }
    }

    private StepResult Learn(InterchangeBatch batch, CancellationToken cancellation)
    {
        var interchange = Step(batch.ToTraining(_request.Place, _interventions));
        if (!_learnsTask)
            return interchange;
        var task = Step(batch.ToTask(_request.Place, _interventions));
        return new StepResult((interchange.Loss + task.Loss) / 2, interchange.Accuracy, task.GradientNorm);

        StepResult Step(TrainingBatch one) => Trainer.Step(one, () => Whose(batch, cancellation), cancellation);
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

    private void CheckHeldOut(IntervenableModel model)
    {
        if (_request.MeasureEvery is { } every)
            ArgumentOutOfRangeException.ThrowIfLessThan(every, 1, nameof(InterchangeTrainingRequest.MeasureEvery));
        if (_request.Patience is { } patience)
            ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1, nameof(InterchangeTrainingRequest.Patience));
        if (_request.HeldOut is { } data)
            Check(model, data, "held-out examples");
        else if (_request.Patience is not null)
            throw new InterventionException("Early stopping needs held-out examples. Set HeldOut.");
    }

    private NumericArray Identity(IntervenableModel model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StudyIdentity.Add(hash, ModelIdentity.At(model.File.Path));
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
            $"{_request.Steps} {_request.BatchSize} {_request.Seed} {_learnsTask} | {Trainer.Options} | "
                + $"{_request.Patience} {_request.MeasureEvery}"
        );
        AlignmentIdentity.Add(hash, _request.Training);
        if (_request.HeldOut is { } data)
            AlignmentIdentity.Add(hash, data);
        AlignmentIdentity.Add(hash, _request.Place, _request.Training, _interventions);
        return StudyIdentity.Numbers(hash);
    }
}
