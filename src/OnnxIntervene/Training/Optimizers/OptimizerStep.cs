namespace OnnxIntervene.Training.Optimizers;

/// <summary>One parameter's part of an optimiser's step; the arrays have one length.</summary>
/// <param name="Number">The step's number, from 1.</param>
/// <param name="LearningRate">The learning rate of this step.</param>
/// <param name="Numbers">The numbers, which are moved.</param>
/// <param name="Gradient">The gradient.</param>
/// <param name="Moments">What the optimiser remembers, which is changed; zeros at first.</param>
/// <param name="Decays">Whether weight decay applies to a number.</param>
internal sealed record OptimizerStep(
    int Number,
    double LearningRate,
    float[] Numbers,
    float[] Gradient,
    float[][] Moments,
    Func<int, bool> Decays
);
