using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Configuration;

namespace OnnxIntervene.Components;

/// <summary>Compares what the graph shows with what the configuration beside it says.</summary>
internal sealed class ConfigurationCheck
{
    private readonly ModelConfiguration _configuration;
    private readonly ConfiguredStack _stack;
    private readonly int _layerCount;

    public ConfigurationCheck(ModelConfiguration configuration, ComponentMap found)
    {
        _configuration = configuration;
        _layerCount = found.LayerCount;

        // Of a pair, only the decoder reads another stack.
        _stack = found.Components.Any(component =>
            component.Address.Name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal)
        )
            ? ConfiguredStack.Decoder
            : ConfiguredStack.Encoder;
    }

    /// <summary>
    /// Where a component and the configuration contradict each other, with both numbers; null where they agree.
    /// </summary>
    public string? Contradiction(Component component)
    {
        var place = $"'{component.Source.Description}'";
        var part = PartOf(component.Address.Name);
        var isHead = component.Address.Name.StartsWith(ComponentNames.HeadPrefix, StringComparison.Ordinal);
        return Compare(ConfiguredQuantity.Layers, _layerCount, "layers", "the graph")
            ?? (component.Heads > 0 ? Compare(HeadsOf(part), component.Heads, "heads", place) : null)
            ?? (isHead ? Compare(ConfiguredQuantity.HeadWidth, component.Width, "elements a head", place) : null)
            ?? (
                part is ComponentNames.BlockInput or ComponentNames.BlockOutput
                    ? Compare(ConfiguredQuantity.StreamWidth, component.Width, "elements a position", place)
                    : null
            );
    }

    private string? Compare(ConfiguredQuantity quantity, int found, string what, string place)
    {
        var said = _configuration.Numbers.FirstOrDefault(number =>
            number.Quantity == quantity
            && (number.Stack == ConfiguredStack.Any || number.Stack == _stack)
            && number.Number != found
        );
        return said is null || found == 0
            ? null
            : $"{place} has {found} {what}, but {said}; "
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
