using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>A low-rank change of a module's weights that does what an intervention does: W + scaling · B A.</summary>
/// <param name="Down">A, <c>[rank, input width]</c>.</param>
/// <param name="Up">B, <c>[width, rank]</c>.</param>
/// <param name="Scaling">What the product is multiplied with.</param>
internal sealed record ModuleUpdate(NumericArray Down, NumericArray Up, float Scaling);
