namespace OnnxIntervene.Components.Inspection;

/// <summary>A tensor that may be a component which was not found.</summary>
/// <param name="Tensor">The tensor's name.</param>
/// <param name="Width">The size of its last axis; 0 when unknown.</param>
/// <param name="Shape">Its shape, as far as known.</param>
/// <param name="Why">What makes it likely.</param>
public sealed record ComponentCandidate(string Tensor, int Width, string Shape, string Why);
