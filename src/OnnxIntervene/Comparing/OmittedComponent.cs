using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Comparing;

/// <summary>A component that was not compared.</summary>
/// <param name="Address">The component.</param>
/// <param name="Reason">Why.</param>
public sealed record OmittedComponent(ComponentAddress Address, string Reason);
