using OnnxIntervene.IR;

namespace OnnxIntervene.Training.Optimizers;

/// <summary>How parameters move against their gradients; the formulas are torch's (<c>torch.optim</c>).</summary>
public abstract record Optimizer
{
    private protected Optimizer(double learningRate) => LearningRate = learningRate;

    /// <summary>The learning rate, before a schedule's factor.</summary>
    public double LearningRate { get; init; }

    /// <summary>How many arrays of the parameter's size it remembers.</summary>
    internal abstract int MomentCount { get; }

    /// <summary>Throws where a number makes no sense.</summary>
    internal virtual void Check() => Require(LearningRate > 0, "learning rate", LearningRate, "a positive number");

    /// <summary>Moves the numbers in place.</summary>
    /// <param name="step">The step's numbers.</param>
    internal abstract void Move(OptimizerStep step);

    private protected static void Require(bool holds, string name, double value, string wanted)
    {
        if (!holds)
            throw new InterventionException($"The optimiser's {name} is {value}; it must be {wanted}.");
    }
}
