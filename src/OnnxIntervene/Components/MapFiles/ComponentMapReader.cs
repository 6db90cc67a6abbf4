using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Json;

namespace OnnxIntervene.Components.MapFiles;

/// <summary>Reads component maps, and refuses unknown fields, naming their place.</summary>
internal static class ComponentMapReader
{
    private const int HighestLayer = 100_000;
    private static readonly string[] s_fields = ["components", "model"];
    private static readonly string[] s_entryFields =
    [
        "layer",
        "component",
        "tensor",
        "range",
        "width",
        "heads",
        "unit",
        "reason",
        "candidates",
    ];
    private static readonly string[] s_units = ["pos", "h", "h.pos", "t"];

    public static ComponentOverrides Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(JsonText.Parse(json, JsonSource.Request("The component map")));
    }

    public static ComponentOverrides ReadFile(string path) =>
        Read(JsonText.Read(path, JsonSource.Request($"The component map '{path}'")));

    private static ComponentOverrides Read(JsonPlace root)
    {
        root.WithKeys(s_fields).Find("model")?.Text();
        var entries = ImmutableArray.CreateBuilder<ComponentOverride>();
        var places = new Dictionary<ComponentAddress, JsonPlace>();
        foreach (var item in root["components"].Items("a list of components"))
        {
            var entry = Entry(item.WithKeys(s_entryFields));
            if (!places.TryAdd(entry.Address, item))
                throw item.Fault($"{entry.Address} is already at {places[entry.Address].Path}");
            if (entry.Tensor.Length > 0)
                entries.Add(entry);
        }

        return new ComponentOverrides(entries.ToImmutable());
    }

    // Fields that are null count as left out.
    private static ComponentOverride Entry(JsonPlace item)
    {
        var name = item.Find("component")?.Text();
        if (string.IsNullOrWhiteSpace(name))
            throw item["component"].Fault("the component's name is missing");
        var layer =
            item.Find("layer")?.Integer(0) ?? throw item["layer"].Fault("the layer, counted from 0, is missing");
        if (layer > HighestLayer)
            throw item["layer"].Fault($"{layer} is not a layer; the highest is {HighestLayer}");
        var unit = item.Find("unit")?.Text();
        if (unit is not null && !s_units.Contains(unit))
            throw item["unit"].Fault($"'{unit}' is not a unit; use {string.Join(", ", s_units)}");
        item.Find("reason")?.Text();
        item.Find("candidates")?.Items();
        return new ComponentOverride(Address(item, layer, name), item.Find("tensor")?.Text() ?? "")
        {
            Range = item.Find("range") is { } range ? Range(range) : null,
            Width = item.Find("width")?.Integer(0),
            Heads = item.Find("heads")?.Integer(0) ?? 0,
            Unit = unit,
            Place = item.Path,
        };
    }

    private static ComponentAddress Address(JsonPlace item, int layer, string name)
    {
        var address = ComponentAddress.Parse(0, name);
        if (address.Stack is not null && address.Layer > 0 && address.Layer != layer)
            throw item["component"].Fault($"'{name}' is in layer {address.Layer}, not {layer}");
        return address with { Layer = layer };
    }

    private static (int Start, int End) Range(JsonPlace place)
    {
        if (!place.IsList || place.Count != 2)
            throw place.Fault("two numbers are expected: where the range starts, and where it ends (excluded)");
        var (start, end) = (place[0].Integer(0), place[1].Integer(0));
        return start < end ? (start, end) : throw place.Fault($"[{start}, {end}] holds nothing");
    }
}
