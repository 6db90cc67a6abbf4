namespace OnnxIntervene.Training;

/// <summary>What a step gave.</summary>
/// <param name="Loss">The loss before the step, the boundaries' part included.</param>
/// <param name="Accuracy">
/// The share of rows whose most probable class is the label, 0 to 1; null where the loss has no labels.
/// </param>
/// <param name="GradientNorm">
/// The Euclidean norm of all gradients together before it was limited; null where the gradient is still being
/// accumulated.
/// </param>
public sealed record StepResult(double Loss, double? Accuracy, double? GradientNorm);
