namespace OnnxIntervene.Training.Optimizers;

/// <summary>Adam (Kingma and Ba 2015).</summary>
public record Adam : Optimizer
{
    /// <summary>Adam with a learning rate; pyvene's default is 0.001.</summary>
    public Adam(double learningRate)
        : base(learningRate) { }

    /// <summary>How much of the mean of gradients is kept each step.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How much of the mean of squared gradients is kept each step.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>What is added to the root of the squares.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// Whether epsilon is added to the root before the squares' bias is corrected, as the AdamW of ONNX Runtime
    /// Training (<c>adam_mode</c> 1) and of old Hugging Face does; torch adds it afterwards.
    /// </summary>
    public bool AddsEpsilonFirst { get; init; }

    /// <inheritdoc/>
    internal override int MomentCount => 2;

    /// <summary>The part of each number that is taken off before a step, over the learning rate.</summary>
    private protected virtual double Decay => 0;

    /// <inheritdoc/>
    internal override void Check()
    {
        base.Check();
        Require(Beta1 is >= 0 and < 1, "first beta", Beta1, "from 0 to below 1");
        Require(Beta2 is >= 0 and < 1, "second beta", Beta2, "from 0 to below 1");
        Require(Epsilon > 0, "epsilon", Epsilon, "a positive number");
    }

    /// <inheritdoc/>
    internal override void Move(OptimizerStep step)
    {
        var (first, second) = (step.Moments[0], step.Moments[1]);
        var size = (float)(step.LearningRate / (1 - Math.Pow(Beta1, step.Number)));
        var root = (float)Math.Sqrt(1 - Math.Pow(Beta2, step.Number));
        var (kept, keptSquares) = ((float)Beta1, (float)Beta2);
        var epsilon = (float)Epsilon / (AddsEpsilonFirst ? root : 1);
        var (fresh, freshSquares) = ((float)(1 - Beta1), (float)(1 - Beta2));
        var remains = (float)(1 - (step.LearningRate * Decay));
        for (var index = 0; index < step.Numbers.Length; index++)
        {
            if (Decay != 0 && step.Decays(index))
                step.Numbers[index] *= remains;
            var slope = step.Gradient[index];
            first[index] = (kept * first[index]) + (fresh * slope);
            second[index] = (keptSquares * second[index]) + (freshSquares * slope * slope);
            step.Numbers[index] -= size * first[index] / ((MathF.Sqrt(second[index]) / root) + epsilon);
        }
    }
}
