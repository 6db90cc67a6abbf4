using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components;

/// <summary>What a check of a model found, as it is kept for later runs.</summary>
/// <param name="Components">The components that at least one law was tested for.</param>
public sealed record CheckRecord(ImmutableArray<CheckedComponent> Components)
{
    /// <summary>Nothing was checked.</summary>
    public static CheckRecord None { get; } = new([]);

    /// <summary>What was found of a component; null where it was not checked, or was elsewhere then.</summary>
    public CheckedComponent? Find(Component component)
    {
        ArgumentNullException.ThrowIfNull(component);
        return Components.FirstOrDefault(item =>
            item.Address == component.Address && item.Place == component.Source.Description
        );
    }
}
