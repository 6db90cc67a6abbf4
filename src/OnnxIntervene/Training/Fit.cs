using System.Diagnostics;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>One training from its first epoch, or its checkpoint, to its end.</summary>
internal sealed class Fit : IDisposable
{
    private readonly Trainer _trainer;
    private readonly TrainingSet _set;
    private readonly FitOptions _options;
    private readonly FrozenExamples _examples;
    private readonly FrozenExamples? _heldOut;
    private readonly FitState _state;
    private readonly FitCheckpoint? _checkpoint;
    private readonly int _steps;
    private readonly int _firstStep;
    private readonly long _began = Stopwatch.GetTimestamp();

    /// <summary>Begins, or goes on from the checkpoint.</summary>
    public Fit(Trainer trainer, TrainingSet set, FitOptions options)
    {
        (_trainer, _set, _options) = (trainer, set, options);
        var batches = ((set.Count - 1) / options.BatchSize) + 1;
        _steps = batches * options.Epochs / trainer.Options.GradientAccumulation;
        if (_steps == 0)
            throw new InterventionException(
                $"{options.Epochs} epochs of {batches} batches are fewer than the "
                    + $"{trainer.Options.GradientAccumulation} batches of a step. Take more epochs or smaller batches."
            );
        trainer.Check(set, options.BatchSize);
        if (options.HeldOut is { } aside)
            trainer.Check(aside, options.BatchSize, "In the held-out examples: ");
        _examples = Kept(set);
        _heldOut = options.HeldOut is null ? null : Kept(options.HeldOut);
        _checkpoint = options.Checkpoint is { } path
            ? new FitCheckpoint(path, FitIdentity.Of(trainer, set, options), trainer.Arrays, trainer.Steps)
            : null;
        _state = _checkpoint?.Read() ?? new FitState();
        _firstStep = trainer.StepCount;
        trainer.Begin(_steps);
    }

    /// <summary>Runs to the end.</summary>
    public FitResult Run(CancellationToken cancellation)
    {
        using var log = _options.Log is { } path ? new FitLog(path, _state) : null;
        while (_state.Epoch < _options.Epochs && !_state.HasEnded(_options.Patience))
        {
            var batches = EpochOrder.Of(_set.Count, _state.Epoch, _options);
            while (_state.Batch < batches.Count)
                Step(batches[_state.Batch], log, cancellation);
            EndEpoch(log, cancellation);
        }

        _state.Restore(_trainer.Arrays);
        return new FitResult
        {
            Losses = [.. _state.Losses],
            Accuracies = [.. _state.Accuracies],
            HeldOutAccuracies = [.. _state.HeldOut],
            Steps = _trainer.StepCount,
            EndedEarly = _state.Epoch < _options.Epochs,
            BestEpoch = _heldOut is null ? _state.Epoch - 1 : _state.BestEpoch,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _examples.Dispose();
        _heldOut?.Dispose();
    }

    private FrozenExamples Kept(TrainingSet set) =>
        new(set.Batch, set.Count, _options.CacheMemory) { NameOf = set.NameOf };

    private void Step(int[] numbers, FitLog? log, CancellationToken cancellation)
    {
        StepResult result;
        try
        {
            result = _trainer.Learn(_trainer.NewRun().Run(_examples, numbers, withGradients: true, cancellation));
        }
        catch (InterventionException fault)
        {
            var examples = string.Join(", ", numbers.Take(4)) + (numbers.Length > 4 ? ", …" : "");
            throw new InterventionException(
                $"Step {_trainer.StepCount + 1}, batch {_state.Batch} of epoch {_state.Epoch} (examples {examples}): "
                    + fault.Message,
                fault
            );
        }

        _state.Losses.Add(result.Loss);
        _state.Accuracies.Add(result.Accuracy ?? 0);
        _state.Batch++;
        log?.Add(_state, _trainer.StepCount, result);
        var isStep = result.GradientNorm is not null;
        if (isStep && _trainer.StepCount % _options.CheckpointEvery == 0)
            _checkpoint?.Write(_state);
        _options.Progress?.Report(Progress(result));
    }

    private void EndEpoch(FitLog? log, CancellationToken cancellation)
    {
        if (_heldOut is not null)
        {
            var accuracy = _trainer.Evaluate(_heldOut, _options.BatchSize, cancellation).Accuracy;
            _state.AddHeldOut(accuracy, _trainer.Arrays);
            log?.Add(_state.Epoch, _trainer.StepCount, accuracy);
        }

        (_state.Epoch, _state.Batch) = (_state.Epoch + 1, 0);
        _checkpoint?.Write(_state);
    }

    private FitProgress Progress(StepResult result)
    {
        var done = _trainer.StepCount - _firstStep;
        return new FitProgress(
            _trainer.StepCount,
            _steps,
            _state.Epoch,
            result.Loss,
            result.Accuracy,
            _state.HeldOut.Count > 0 ? _state.HeldOut[^1] : null,
            done > 0 ? Stopwatch.GetElapsedTime(_began) / done * (_steps - _trainer.StepCount) : null
        );
    }
}

/// <summary>Where a training stands, besides its parameters.</summary>
internal sealed class FitState
{
    /// <summary>The epoch, from 0.</summary>
    public int Epoch { get; set; }

    /// <summary>The next batch of the epoch.</summary>
    public int Batch { get; set; }

    /// <summary>The number of the best of <see cref="HeldOut"/>.</summary>
    public int BestEpoch { get; set; }

    /// <summary>The free numbers at that measurement; empty where nothing is held out.</summary>
    public IReadOnlyList<NumericArray> Best { get; set; } = [];

    /// <summary>The loss of every batch.</summary>
    public List<double> Losses { get; } = [];

    /// <summary>The accuracy of every batch.</summary>
    public List<double> Accuracies { get; } = [];

    /// <summary>The held-out accuracies, one an epoch where a training counts epochs.</summary>
    public List<double> HeldOut { get; } = [];

    /// <summary>Takes a measurement of what is trained as it is now; keeps it where it is the best.</summary>
    /// <param name="accuracy">The held-out accuracy.</param>
    /// <param name="arrays">What is trained.</param>
    public void AddHeldOut(double accuracy, IReadOnlyList<TrainedArray> arrays)
    {
        if (HeldOut.Count == 0 || accuracy > HeldOut[BestEpoch])
        {
            BestEpoch = HeldOut.Count;
            Best = [.. arrays.Select(array => array.Free)];
        }

        HeldOut.Add(accuracy);
    }

    /// <summary>Whether so many measurements after the best were no better; never without a patience.</summary>
    public bool HasEnded(int? patience) => HeldOut.Count > BestEpoch + patience;

    /// <summary>Puts what is trained where it was at the best measurement.</summary>
    public void Restore(IReadOnlyList<TrainedArray> arrays)
    {
        for (var index = 0; index < Best.Count; index++)
            arrays[index].Move(Best[index]);
    }
}
