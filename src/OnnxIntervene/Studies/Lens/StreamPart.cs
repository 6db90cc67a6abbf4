using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Lens;

/// <summary>What a sub-layer adds to the residual stream: a component, or where that is scaled or normalised first, the
/// stream after the addition less the stream before it.</summary>
/// <param name="SubLayer">The sub-layer's output.</param>
/// <param name="After">The stream after the addition; null where the sub-layer's output is added as it is.</param>
/// <param name="Before">The stream before the addition; null likewise.</param>
internal sealed record StreamPart(ComponentAddress SubLayer, ComponentAddress? After, ComponentAddress? Before)
{
    /// <summary>The sub-layers whose outputs are added, in the order in which a layer has them.</summary>
    public static ImmutableArray<string> Names { get; } =
    [
        ComponentNames.AttentionOutput,
        ComponentNames.CrossPrefix + ComponentNames.AttentionOutput,
        ComponentNames.MixerOutput,
        ComponentNames.MlpOutput,
    ];

    /// <summary>The components that have to be read.</summary>
    public IEnumerable<ComponentAddress> Reads => After is null ? [SubLayer] : [SubLayer, After.Value, Before!.Value];

    /// <summary>Everything that a model's layers add to its stream.</summary>
    /// <exception cref="InterventionException">The stream is not a sum of parts.</exception>
    public static ImmutableArray<StreamPart> All(ComponentMap components)
    {
        var known = components.Components.ToDictionary(component => component.Address);
        return
        [
            .. Enumerable
                .Range(0, components.LayerCount)
                .SelectMany(layer => Names.Select(name => new ComponentAddress(layer, name)))
                .Where(known.ContainsKey)
                .Select(address => Of(known, address)),
        ];
    }

    private static StreamPart Of(Dictionary<ComponentAddress, Component> known, ComponentAddress address)
    {
        switch (known[address].Meaning)
        {
            case ComponentMeaning.Usual or ComponentMeaning.Added:
                return new StreamPart(address, null, null);
            case ComponentMeaning.Projected:
                var middle = address with { Name = ComponentNames.ResidMid };
                var isFirst = address.Name == ComponentNames.AttentionOutput;
                return known.ContainsKey(middle)
                    ? new StreamPart(
                        address,
                        isFirst ? middle : address with { Name = ComponentNames.BlockOutput },
                        isFirst ? address with { Name = ComponentNames.BlockInput } : middle
                    )
                    : throw new InterventionException(
                        $"{address} is scaled or normalised before it is added, and the stream between it and the "
                            + "other sub-layer was not found, so what each adds cannot be told."
                    );
            default:
                throw new InterventionException(
                    $"{address} is the stream after a norm: the model normalises its stream after each addition "
                        + "(post-norm), so its logits are no sum of what layers add, and have no direct attribution."
                );
        }
    }
}
