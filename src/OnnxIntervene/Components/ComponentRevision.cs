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

        var stacks = Widened(found.Stacks, addresses);
        return new ComponentMap(model, found.Family, stacks, ComponentOrder.Of(kept, stacks), missing)
        {
            LeftOut = found.LeftOut,
            Record = options.Record,
        };
    }

    // A user's map may have more layers, and stacks of its own.
    private static ImmutableArray<ComponentStack> Widened(
        ImmutableArray<ComponentStack> stacks,
        HashSet<ComponentAddress> addresses
    )
    {
        foreach (var own in addresses.GroupBy(address => address.Stack, address => address.Layer + 1))
        {
            var known = stacks.FirstOrDefault(stack => own.Key is null ? stack.IsMain : stack.Name == own.Key);
            var stack = new ComponentStack(
                known?.Name ?? own.Key ?? "",
                Math.Max(known?.LayerCount ?? 0, own.Max()),
                own.Key is null
            );
            stacks = known is null ? stacks.Add(stack) : stacks.Replace(known, stack);
        }

        return stacks;
    }
}
