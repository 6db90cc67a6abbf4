using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components;

/// <summary>What a check found of one component.</summary>
/// <param name="Address">The component.</param>
/// <param name="Place">Where it was, as <see cref="ComponentSource.Description"/> says.</param>
/// <param name="Contradiction">
/// The law that does not hold, with its numbers; null where all that were tested do.
/// </param>
public sealed record CheckedComponent(ComponentAddress Address, string Place, string? Contradiction);
