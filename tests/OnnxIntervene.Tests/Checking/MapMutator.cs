using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Tests.Checking;

/// <summary>Makes component maps that are wrong in one place, as a finder that guesses would.</summary>
internal sealed class MapMutator(ComponentMap map, Model model, int seed)
{
    private readonly Random _random = new(seed);
    private readonly TypeInference _types = new();

    /// <summary>What was done, and the map; null where the draw changes nothing.</summary>
    public (string Name, ComponentMap Map)? Next()
    {
        var layer = _random.Next(map.LayerCount);
        return _random.Next(5) switch
        {
            0 => Neighbour(),
            1 => Shifted(layer),
            2 => Exchanged(layer),
            3 => Without(layer),
            _ => Residual(layer),
        };
    }

    // A tensor of the same shape, one operator before or after.
    private (string, ComponentMap)? Neighbour()
    {
        var places = map.Components.Where(item => item is { Heads: 0, Source: TensorSource or InputSource }).ToList();
        if (places.Count == 0)
            return null;
        var component = places[_random.Next(places.Count)];
        var value = SourcePlaces.Values(component.Source).First();
        var near = (value.Producer?.Inputs ?? [])
            .OfType<Value>()
            .Where(input => !input.IsConstant)
            .Concat(value.Uses.SelectMany(use => use.Node.Outputs).OfType<Value>())
            .Where(other => other != value && _types.TextOf(other) == _types.TextOf(value))
            .Where(other => !IsSame(other, value) && !IsSame(value, other))
            .Distinct()
            .ToList();
        return near.Count == 0
            ? null
            : With(component, new TensorSource(near[_random.Next(near.Count)]), "at a neighbour");
    }

    // A Cast to the type that it already has: the same tensor under another name.
    private bool IsSame(Value later, Value earlier) =>
        later.Producer is { Operator.OperatorType: "Cast" } cast
        && cast.Inputs[0] == earlier
        && _types.ElementTypeOf(later) == _types.ElementTypeOf(earlier);

    // One component of a layer, or all of them, from the next one.
    private (string, ComponentMap)? Shifted(int layer)
    {
        var names = map
            .Components.Where(item => item.Address.Layer == layer)
            .Select(item => item.Address.Name)
            .ToList();
        if (_random.Next(2) == 0 && names.Count > 0)
            return Copied(layer, names[_random.Next(names.Count)], layer + 1);
        var changed = map.Components.Select(item =>
            Find(item.Address.Layer + 1, item.Address.Name) is { } next ? item with { Source = next.Source } : item
        );
        return ("all layers shifted by one", Of(changed));
    }

    private (string, ComponentMap)? Exchanged(int layer)
    {
        (string, string)[] pairs =
        [
            (ComponentNames.QueryOutput, ComponentNames.KeyOutput),
            (ComponentNames.KeyOutput, ComponentNames.ValueOutput),
            (ComponentNames.QueryOutput, ComponentNames.ValueOutput),
        ];
        var (one, other) = pairs[_random.Next(pairs.Length)];
        if (Find(layer, one) is not { } first || Find(layer, other) is not { } second || first.Width != second.Width)
            return null;
        return (
            $"{one} and {other} of layer {layer} exchanged",
            Of(
                map.Components.Select(item =>
                    item == first ? item with { Source = second.Source }
                    : item == second ? item with { Source = first.Source }
                    : item
                )
            )
        );
    }

    // What is added in place of the stream after it, or the other way round.
    private (string, ComponentMap)? Residual(int layer)
    {
        (string At, string From)[] pairs =
        [
            (ComponentNames.MlpOutput, ComponentNames.BlockOutput),
            (ComponentNames.BlockOutput, ComponentNames.MlpOutput),
            (ComponentNames.AttentionInput, ComponentNames.BlockInput),
            (ComponentNames.AttentionOutput, ComponentNames.BlockInput),
        ];
        var (at, from) = pairs[_random.Next(pairs.Length)];
        return
            Find(layer, at) is { } component
            && Find(layer, from) is { } source
            && component.Source != source.Source
            && component.Width == source.Width
            ? With(component, source.Source, $"at {from}")
            : null;
    }

    // One layer is not found, and those after it are numbered without it.
    public (string Name, ComponentMap Map)? Without(int layer)
    {
        if (map.LayerCount < 2 || map.Stacks.Length > 1)
            return null;
        var others = map
            .Components.Where(item => item.Address.Layer != layer)
            .Select(item =>
                item.Address.Layer < layer
                    ? item
                    : item with
                    {
                        Address = item.Address with { Layer = item.Address.Layer - 1 },
                    }
            );
        return (
            $"without layer {layer}",
            new ComponentMap(
                model,
                map.Family,
                [map.Stacks[0] with { LayerCount = map.LayerCount - 1 }],
                others,
                map.Missing
            )
        );
    }

    private (string, ComponentMap)? Copied(int layer, string name, int other) =>
        Find(layer, name) is { } component && Find(other, name) is { } next && component.Source != next.Source
            ? With(component, next.Source, $"from layer {other}")
            : null;

    private Component? Find(int layer, string name) =>
        map.Components.FirstOrDefault(item => item.Address == new ComponentAddress(layer, name));

    private (string, ComponentMap) With(Component component, ComponentSource source, string what) =>
        (
            $"{component.Address} {what}: {source.Description}",
            Of(map.Components.Select(item => item == component ? item with { Source = source } : item))
        );

    private ComponentMap Of(IEnumerable<Component> components) =>
        new(model, map.Family, map.Stacks, components, map.Missing);
}
