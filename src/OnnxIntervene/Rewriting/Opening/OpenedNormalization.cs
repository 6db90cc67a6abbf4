using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>What an opened Skip(Simplified)LayerNormalization shows.</summary>
/// <param name="Sum">The sum that is normalised.</param>
/// <param name="Part">The term that is added to the stream, its bias included.</param>
internal sealed record OpenedNormalization(Value Sum, Value Part);
