using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Configuration;

namespace OnnxIntervene.Components;

/// <summary>Compares what the graph shows with what the configuration beside it says.</summary>
internal sealed class ConfigurationCheck
{
    private readonly ModelConfiguration _configuration;
    private readonly ComponentMap _found;

    public ConfigurationCheck(ModelConfiguration configuration, ComponentMap found)
    {
        _configuration = configuration;
        _found = found;
    }

    /// <summary>
    /// Where a component and the configuration contradict each other, with both numbers; null where they agree.
    /// </summary>
    public string? Contradiction(Component component)
    {
        var place = $"'{component.Source.Description}'";
        var part = PartOf(component.Address.Name);
        var isHead = component.Address.Name.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal);
        var own = component.Address.Stack;
        return Compare(own, ConfiguredQuantity.Layers, LayersOf(own), "layers", "the graph")
            ?? (component.Heads > 0 ? CompareHeads(component, HeadsOf(part), place) : null)
            ?? (isHead ? Compare(own, ConfiguredQuantity.HeadWidth, component.Width, "elements a head", place) : null)
            ?? (
                part is ComponentNames.BlockInput or ComponentNames.BlockOutput
                    ? Compare(own, ConfiguredQuantity.StreamWidth, component.Width, "elements a position", place)
                    : null
            );
    }

    private int LayersOf(string? stack) =>
        _found.Stacks.FirstOrDefault(item => stack is null ? item.IsMain : item.Name == stack)?.LayerCount ?? 0;

    // Of a pair, only the decoder reads another stack.
    private bool IsAbout(ConfiguredStack said, string? stack) =>
        said == ConfiguredStack.Any
            ? stack is null
            : (said == ConfiguredStack.Decoder)
                == _found.Components.Any(component =>
                    component.Address.Stack == stack
                    && component.Address.Name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal)
                );

    private string? CompareHeads(Component component, ConfiguredQuantity quantity, string place)
    {
        var (layer, stack) = (component.Address.Layer, component.Address.Stack);
        var gone = stack is null ? _configuration.PrunedHeads.GetValueOrDefault(layer, []) : [];
        if (gone.IsEmpty)
            return Compare(stack, quantity, component.Heads, "heads", place);
        var lost = quantity == ConfiguredQuantity.Heads ? gone.Length : LostKeys(gone, component.Address.Stack);
        return Compare(stack, quantity, component.Heads, "heads", place, lost);
    }

    // A head of keys and values goes with the last query head of its group.
    private int LostKeys(ImmutableArray<int> gone, string? stack)
    {
        var (heads, keys) = (Said(ConfiguredQuantity.Heads, stack), Said(ConfiguredQuantity.KeyValueHeads, stack));
        if (heads is null || keys is null || heads.Number % keys.Number != 0)
            return gone.Length;
        var size = heads.Number / keys.Number;
        return Enumerable
            .Range(0, keys.Number)
            .Count(key => Enumerable.Range(key * size, size).All(head => gone.Contains(head)));
    }

    private ConfiguredNumber? Said(ConfiguredQuantity quantity, string? stack) =>
        _configuration.Numbers.FirstOrDefault(number => number.Quantity == quantity && IsAbout(number.Stack, stack));

    private string? Compare(
        string? stack,
        ConfiguredQuantity quantity,
        int found,
        string what,
        string place,
        int pruned = 0
    )
    {
        var said = _configuration.Numbers.FirstOrDefault(number =>
            number.Quantity == quantity && number.Number - pruned != found && IsAbout(number.Stack, stack)
        );
        return said is null || found == 0
            ? null
            : $"{place} has {found} {what}, but {said}{(pruned > 0 ? $" and pruned_heads takes {pruned} away" : "")}; "
                + "correct the configuration if it belongs to another model, or name the component in a map";
    }

    private static ConfiguredQuantity HeadsOf(string part) =>
        part is ComponentNames.KeyOutput or ComponentNames.ValueOutput
            ? ConfiguredQuantity.KeyValueHeads
            : ConfiguredQuantity.Heads;

    private static string PartOf(string name)
    {
        foreach (var prefix in new[] { ComponentNames.HeadPrefix, ComponentNames.CrossPrefix })
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                name = name[prefix.Length..];
        }

        return name;
    }
}
