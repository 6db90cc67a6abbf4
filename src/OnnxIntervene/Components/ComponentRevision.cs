using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components;

/// <summary>
/// What was found in a graph, confirmed by the configuration beside it, and overridden by the user's own map.
/// </summary>
internal static class ComponentRevision
{
    public static ComponentMap Of(Model model, ComponentMap found, ComponentSearchOptions options)
    {
        var overriding = new OverrideResolver(model, found);
        var named = options.Overrides.Entries.Select(overriding.Component).ToList();
        var addresses = named.Select(component => component.Address).ToHashSet();
        var check = new ConfigurationCheck(options.Configuration, found);
        var missing = found.Missing.Where(item => !addresses.Contains(item.Address)).ToList();
        var kept = new List<Component>(named);
        foreach (var component in found.Components.Where(component => !addresses.Contains(component.Address)))
        {
            if (check.Contradiction(component) is { } reason)
                missing.Add(new MissingComponent(component.Address, reason));
            else if (options.Record.Find(component) is { Contradiction: { } law })
                missing.Add(new MissingComponent(component.Address, $"a check contradicted it: {law}"));
            else
                kept.Add(component);
        }

        var layers = Math.Max(found.LayerCount, addresses.Select(address => address.Layer + 1).DefaultIfEmpty(0).Max());
        return new ComponentMap(model, found.Family, layers, Ordered(kept), missing) { Record = options.Record };
    }

    private static ImmutableArray<Component> Ordered(List<Component> components) =>
        [
            .. components
                .OrderBy(component => component.Address.Layer)
                .ThenBy(component => ComponentNames.Order(component.Address.Name)),
        ];
}
