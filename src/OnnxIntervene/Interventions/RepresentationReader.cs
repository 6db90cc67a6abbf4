using System.Collections.Immutable;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Json;

namespace OnnxIntervene.Interventions;

/// <summary>Reads one representation, as an object or as pyvene's named tuple writes itself.</summary>
internal static class RepresentationReader
{
    // The order of pyvene's named tuple, in which its files write a representation without names.
    public static readonly ImmutableArray<string> Fields =
    [
        "layer",
        "component",
        "unit",
        "max_number_of_units",
        "low_rank_dimension",
        "intervention_type",
        "intervention",
        "subspace_partition",
        "group_key",
        "intervention_link_key",
        "moe_key",
        "source_representation",
        "hidden_source_representation",
        "latent_dim",
    ];

    public static RepresentationConfig Read(JsonPlace item, string? type)
    {
        var fields = FieldsOf(item);
        if (Field("intervention") is { } instance)
            throw instance.Fault("an instance cannot stand in a configuration; give intervention_type");
        return new RepresentationConfig
        {
            Layer = Number("layer") ?? 0,
            Component = Field("component")?.Text() ?? "block_output",
            Unit = Field("unit")?.Text() ?? "pos",
            MaxNumberOfUnits = Number("max_number_of_units") ?? 1,
            LowRankDimension = Number("low_rank_dimension"),
            InterventionType = Field("intervention_type") is { } named
                ? Type(named.Text(), named)
                : Type(type ?? "VanillaIntervention", item),
            SubspacePartition = Field("subspace_partition") is { } parts
                ?
                [
                    .. parts
                        .Items("a list of parts, each a list of numbers,")
                        .Select(part => part.Integers().ToImmutableArray()),
                ]
                : [],
            GroupKey = Number("group_key"),
            InterventionLinkKey = Number("intervention_link_key"),
            MoeKey = Number("moe_key"),
            SourceRepresentation = Field("source_representation") is { } source ? JsonArrays.Array(source) : null,
            LatentDimension = Number("latent_dim"),
        };

        JsonPlace? Field(string name) => fields.GetValueOrDefault(name);

        int? Number(string name) => Field(name)?.Integer(0);
    }

    private static InterventionType Type(string name, JsonPlace place)
    {
        try
        {
            return InterventionType.Parse(name);
        }
        catch (FormatException fault)
        {
            throw place.Fault(fault.Message);
        }
    }

    // Fields that are null count as left out.
    private static Dictionary<string, JsonPlace> FieldsOf(JsonPlace item)
    {
        if (!item.IsObject && !(item.IsList && item.Count <= Fields.Length))
            throw item.Expected($"an object, or a list of at most {Fields.Length} fields,");
        var named = item.IsObject
            ? item.WithKeys(Fields).Members().Select(member => (member.Name, Place: member))
            : item.Items().Select((place, index) => (Name: Fields[index], Place: place));
        return named.Where(field => !field.Place.IsNothing).ToDictionary(field => field.Name, field => field.Place);
    }
}
