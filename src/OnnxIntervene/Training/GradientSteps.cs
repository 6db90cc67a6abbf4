using OnnxIntervene.IR;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>Gathers gradients, and moves arrays against them when as many batches are in as a step takes.</summary>
/// <param name="options">How arrays are trained.</param>
/// <param name="arrays">The arrays.</param>
internal sealed class GradientSteps(TrainingOptions options, IReadOnlyList<TrainedArray> arrays)
{
    /// <summary>What the optimiser remembers.</summary>
    public OptimizerState Optimizer { get; } = new(options.Optimizer, arrays);

    /// <summary>What is gathered.</summary>
    public GradientSum Sum { get; } = new();

    /// <summary>How many steps there will be; 0 where that is not known.</summary>
    public int Steps { get; set; } = options.Steps;

    /// <summary>Whether anything depends on how many steps there will be.</summary>
    public bool NeedsSteps { get; init; } = options.Schedule.NeedsSteps;

    /// <summary>How many steps there were.</summary>
    public int Count => Optimizer.StepCount;

    /// <summary>Learns from what a batch gave.</summary>
    /// <exception cref="InterventionException">
    /// The gradient is not finite, or a schedule does not know how many steps there will be; nothing has moved.
    /// </exception>
    public StepResult Learn(StepNumbers run)
    {
        Sum.Add(run.Gradients, 1f / options.GradientAccumulation);
        double? norm = Sum.Count == options.GradientAccumulation ? Move() : null;
        return new StepResult(run.Loss, run.Accuracy, norm);
    }

    private double Move()
    {
        if (Steps == 0 && NeedsSteps)
            throw new InterventionException(
                "A schedule needs to know how many steps there will be. Set TrainingOptions.Steps."
            );
        var norm = Sum.Limit(options.MaximumGradientNorm);
        if (!double.IsFinite(norm))
            throw new InterventionException(
                $"The gradient of step {Count + 1} is not finite. Take a smaller learning rate, or limit its norm."
            );
        Optimizer.Move(Sum.Sums, options.Schedule.Factor(Count, Steps));
        Sum.Clear();
        return norm;
    }
}
