using OnnxIntervene.IR;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>How interventions are trained; the defaults are pyvene's, without its schedule.</summary>
public sealed record TrainingOptions
{
    /// <summary>How parameters move.</summary>
    public Optimizer Optimizer { get; init; } = new Adam(1e-3);

    /// <summary>How the learning rate changes.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;

    /// <summary>
    /// How many steps there will be, for schedules: calls of
    /// <see cref="Trainer.Step(TrainingBatch, CancellationToken)"/> over <see cref="GradientAccumulation"/>. 0 where
    /// nothing depends on it; <c>Fit</c> counts its own.
    /// </summary>
    public int Steps { get; init; }

    /// <summary>How many batches a step's gradient is the mean of.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// The largest Euclidean norm of all gradients together; larger ones are scaled down to it (torch's
    /// <c>clip_grad_norm_</c>). Null for no limit.
    /// </summary>
    public double? MaximumGradientNorm { get; init; }

    /// <summary>The temperature of soft masks; null to leave the interventions' own.</summary>
    public TemperatureSchedule? Temperature { get; init; }

    /// <summary>
    /// What the sum of the boundaries of Boundless rotations is multiplied with and added to the loss (Wu et al. 2023).
    /// </summary>
    public double BoundaryWeight { get; init; }

    /// <summary>How square rotations are kept orthogonal; tall ones are always products of reflections.</summary>
    public OrthogonalMap OrthogonalMap { get; init; } = OrthogonalMap.MatrixExponential;

    /// <summary>
    /// Of how many layers the output of one is kept for the way back, which computes the rest a second time: less
    /// memory for more time. 0 to keep everything.
    /// </summary>
    public int KeepsEveryLayers { get; init; }

    /// <summary>Throws where a number makes no sense.</summary>
    /// <exception cref="InterventionException">An option is out of its range.</exception>
    internal void Check()
    {
        Optimizer.Check();
        Schedule.Check();
        if (GradientAccumulation < 1)
            throw new InterventionException(
                $"Gradients are accumulated over {GradientAccumulation} batches; 1 is least."
            );
        if (MaximumGradientNorm is { } norm && !(norm > 0))
            throw new InterventionException($"The largest norm of gradients is {norm}; it must be positive.");
        if (Temperature is { } schedule && !(schedule is { Start: > 0, End: > 0 }))
            throw new InterventionException(
                $"The temperature goes from {schedule.Start} to {schedule.End}; both must be positive."
            );
        if (KeepsEveryLayers < 0)
            throw new InterventionException($"Every {KeepsEveryLayers}th layer cannot be kept.");
        if (Steps < 0)
            throw new InterventionException($"There cannot be {Steps} steps.");
    }
}
