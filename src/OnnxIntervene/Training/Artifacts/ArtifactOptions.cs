using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>What the files for ONNX Runtime Training compute.</summary>
public sealed record ArtifactOptions
{
    /// <summary>
    /// The output that holds scores: <c>[batch, classes]</c>, or <c>[batch, position, classes]</c>; null for the first.
    /// </summary>
    public string? Output { get; init; }

    /// <summary>Where scores are read if the output has positions; from the end where negative.</summary>
    public int AnswerPosition { get; init; } = -1;

    /// <summary>
    /// How many positions an example has, where interventions count positions from the end or are everywhere.
    /// </summary>
    public int Length { get; init; } = 32;

    /// <summary>
    /// The optimiser: its betas, epsilon and decay. Its learning rate is where training begins, and
    /// <c>SetLearningRate</c> changes it. Defaults are those of <c>onnxruntime.training</c>.
    /// </summary>
    public AdamW Optimizer { get; init; } = new(0.001) { Epsilon = 1e-6, WeightDecay = 0 };
}
