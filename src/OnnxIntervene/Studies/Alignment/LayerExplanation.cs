using OnnxIntervene.Training;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>How the cells of one layer would be trained.</summary>
/// <param name="Layer">The layer, from 0.</param>
/// <param name="Training">How.</param>
public sealed record LayerExplanation(int Layer, TrainingExplanation Training);
