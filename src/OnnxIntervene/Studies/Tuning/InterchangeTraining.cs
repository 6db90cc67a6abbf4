using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Studies.Tuning;

/// <summary>
/// Trains a model's own weights so that components stand for variables of a causal model (interchange intervention
/// training, Geiger et al. 2022), and writes a plain model.
/// </summary>
public static class InterchangeTraining
{
    /// <summary>Trains, writes a model's file and what belongs beside it, and measures what was written.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is trained.</param>
    /// <param name="folder">Where the trained model is written.</param>
    /// <param name="options">The checkpoint and the log.</param>
    /// <param name="progress">Told how many steps are done.</param>
    /// <param name="cancellation">Ends the training early; its checkpoint stays.</param>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, the checkpoint is another training's, or a loss is not finite.
    /// </exception>
    /// <exception cref="ModelFormatException">The checkpoint is not one.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="OnnxIntervene.Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public static InterchangeTrainingResult Run(
        LoadedModel model,
        InterchangeTrainingRequest request,
        string folder,
        InterchangeTrainingOptions? options = null,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(folder);
        BesideModel.RefuseOwnFolder(model.File, folder);
        using var intervened = model.With(request.Config);
        using var training = new WeightFit(intervened, request, options ?? new InterchangeTrainingOptions());
        var before = Measure(intervened, request, cancellation);
        training.Run(progress, cancellation);
        training.Trainer.Save(
            BesideModel.FileIn(folder, model.File),
            new SaveSteps { CopiesWeights = true, Beside = BesideModel.Of(model.File) },
            cancellation
        );
        using var written = LoadedModel.Load(folder, model.Options, model.Search.Overrides, usesRecord: false);
        using var trained = written.With(request.Config);
        var after = Measure(trained, request, cancellation);
        return new InterchangeTrainingResult
        {
            Before = before,
            After = after,
            TaskBefore = Task(request.Test, before),
            TaskAfter = Task(request.Test, after),
            Losses = [.. training.State.Losses],
            HeldOut = [.. training.State.HeldOut],
            BestMeasure = training.State.BestEpoch,
            Weights = training.Trainer.Weights,
        };
    }

    /// <summary>How a training would be computed: which weights it has, and what a step takes. Runs nothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is trained.</param>
    /// <exception cref="InterventionException">The request does not fit the model.</exception>
    public static WeightExplanation Explain(LoadedModel model, InterchangeTrainingRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        using var intervened = model.With(request.Config);
        using var training = new WeightFit(intervened, request, new InterchangeTrainingOptions());
        return training.Explain();
    }

    private static InterchangeResult Measure(
        IntervenableModel model,
        InterchangeTrainingRequest request,
        CancellationToken cancellation
    ) =>
        InterchangeAccuracy.Measure(
            model,
            request.Test,
            request.Place,
            new InterchangeOptions { BatchSize = request.BatchSize, RandomSeed = request.Seed },
            cancellation: cancellation
        );

    private static AccuracyEstimate? Task(InterchangeDataSet data, InterchangeResult result) =>
        data.Examples.All(example => example.BaseLabel is not null)
            ? new AccuracyEstimate(
                data.Examples.Zip(result.OwnAnswers).Count(pair => pair.First.BaseLabel == pair.Second),
                data.Examples.Length
            )
            : null;
}
