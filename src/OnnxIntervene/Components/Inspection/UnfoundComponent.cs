using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components.Inspection;

/// <summary>A component that was not found, and where it may be.</summary>
/// <param name="Address">Layer and name.</param>
/// <param name="Reason">Why it was not found.</param>
/// <param name="Candidates">The nearest tensors, the most likely first.</param>
public sealed record UnfoundComponent(
    ComponentAddress Address,
    string Reason,
    ImmutableArray<ComponentCandidate> Candidates
);
