namespace OnnxIntervene.Training.Optimizers;

/// <summary>Stochastic gradient descent, with momentum where it is not 0.</summary>
/// <param name="LearningRate">The learning rate.</param>
public sealed record Sgd(double LearningRate) : Optimizer(LearningRate)
{
    /// <summary>How much of the last step is kept, from 0 to below 1.</summary>
    public double Momentum { get; init; }

    /// <inheritdoc/>
    internal override int MomentCount => Momentum == 0 ? 0 : 1;

    /// <inheritdoc/>
    internal override void Check()
    {
        base.Check();
        Require(Momentum is >= 0 and < 1, "momentum", Momentum, "from 0 to below 1");
    }

    /// <inheritdoc/>
    internal override void Move(OptimizerStep step)
    {
        var (rate, momentum) = ((float)step.LearningRate, (float)Momentum);
        for (var index = 0; index < step.Numbers.Length; index++)
        {
            var slope = step.Gradient[index];
            if (momentum != 0)
                slope = step.Moments[0][index] = (momentum * step.Moments[0][index]) + slope;
            step.Numbers[index] -= rate * slope;
        }
    }
}
