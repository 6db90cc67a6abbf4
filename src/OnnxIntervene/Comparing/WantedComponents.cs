using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Comparing;

/// <summary>Which components a request asks for.</summary>
internal static class WantedComponents
{
    /// <summary>Tells whether an address is asked for.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maps">The models' components; a name must be in one of them.</param>
    /// <exception cref="InterventionException">A name or a layer is in none of the models.</exception>
    public static Func<ComponentAddress, bool> Of(
        ModelComparisonRequest request,
        params ReadOnlySpan<ComponentMap> maps
    )
    {
        foreach (var layer in request.Layers)
            RequireLayer(layer, maps);
        if (request.Components.IsEmpty)
            return address => request.Layers.IsEmpty || request.Layers.Contains(address.Layer);
        var wanted = new HashSet<ComponentAddress>();
        foreach (var name in request.Components)
        {
            ImmutableArray<ComponentAddress> named = [];
            foreach (var map in maps)
                named = [.. named, .. map.AddressesOf(name, request.Layers).Where(address => Has(map, address))];
            // The error names what is near.
            if (named.IsEmpty)
                maps[0].Get(request.Layers.IsEmpty ? 0 : request.Layers[0], name);
            wanted.UnionWith(named.Select(Whole));
        }

        return wanted.Contains;
    }

    // Heads are compared together.
    private static ComponentAddress Whole(ComponentAddress address) =>
        address.Name.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal)
            ? address with
            {
                Name = address.Name[ComponentNames.HeadPrefix.Length..],
            }
            : address;

    private static bool Has(ComponentMap map, ComponentAddress address) =>
        map.Components.Any(component => component.Address == address);

    private static void RequireLayer(int layer, ReadOnlySpan<ComponentMap> maps)
    {
        var most = 0;
        foreach (var map in maps)
            most = Math.Max(most, map.Stacks.Select(stack => stack.LayerCount).DefaultIfEmpty(0).Max());
        if (layer < 0 || layer >= most)
            throw new InterventionException($"There is no layer {layer}: the models have the layers 0 to {most - 1}.");
    }
}
