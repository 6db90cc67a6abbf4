using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components;

/// <summary>
/// The order in which components are listed: the model's own layers first, then other stacks; layer by layer, as a
/// forward pass meets them.
/// </summary>
internal static class ComponentOrder
{
    public static ImmutableArray<Component> Of(IEnumerable<Component> components, IEnumerable<ComponentStack> stacks)
    {
        var names = stacks.Select(stack => stack.Name).ToList();
        return
        [
            .. components
                .OrderBy(component => component.Address.Stack is { } stack ? names.IndexOf(stack) + 1 : 0)
                .ThenBy(component => component.Address.Layer)
                .ThenBy(component => ComponentNames.Order(component.Address.Name)),
        ];
    }
}
