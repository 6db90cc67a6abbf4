using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Studies.Patching;

/// <summary>Which components a sweep over layers writes.</summary>
internal static class PatchSites
{
    /// <summary>A component in each layer, by pyvene's or TransformerLens's name, or any tensor's.</summary>
    /// <param name="components">The model's components.</param>
    /// <param name="name">The name, which may hold its layer.</param>
    /// <param name="layers">The layers; all when empty.</param>
    /// <exception cref="IR.InterventionException">There is no such component in a layer.</exception>
    public static ImmutableArray<ComponentAddress> Of(ComponentMap components, string name, ImmutableArray<int> layers)
    {
        var first = layers.Length == 1 ? layers[0] : 0;
        var address = components.AddressOf(first, name);
        var named = name;
        if (address.Name != name)
        {
            if (components.AddressesOf(name, []) is [var only])
                return [Required(components, only)];
            named = address.Name;
        }

        var all = layers.Length > 0 ? layers : components.LayersOf(named);
        if (all.Length == 0)
            all = [0];
        return [.. all.Select(layer => Required(components, new ComponentAddress(layer, named)))];
    }

    private static ComponentAddress Required(ComponentMap components, ComponentAddress address)
    {
        components.Get(address);
        return components.Resolve(address);
    }
}
