using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>What a run of a training model gave.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Predictions">The most probable class of each row; null where the loss reads none.</param>
/// <param name="Gradients">Gradients by the inputs that they are by; empty where none were wanted.</param>
internal sealed record TrainingRun(
    float Loss,
    NumericArray? Predictions,
    ImmutableDictionary<string, NumericArray> Gradients
);
