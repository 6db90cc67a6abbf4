using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// Reads the short form of a run's file: one entry for each intervention, with everything that belongs to it.
/// </summary>
internal sealed class ShortForm(ParameterFiles files)
{
    private readonly ImmutableArray<RepresentationConfig>.Builder _representations =
        ImmutableArray.CreateBuilder<RepresentationConfig>();
    private readonly ImmutableArray<UnitLocation?>.Builder _sources = ImmutableArray.CreateBuilder<UnitLocation?>();
    private readonly ImmutableArray<UnitLocation?>.Builder _bases = ImmutableArray.CreateBuilder<UnitLocation?>();
    private readonly ImmutableArray<Coefficient>.Builder _coefficients = ImmutableArray.CreateBuilder<Coefficient>();
    private readonly ImmutableArray<ImmutableArray<ImmutableArray<int>>?>.Builder _subspaces =
        ImmutableArray.CreateBuilder<ImmutableArray<ImmutableArray<int>>?>();

    /// <summary>Reads a file that fits the schema.</summary>
    public RunFile Read(JsonElement root)
    {
        RunSchema.Validate(root);
        foreach (
            var (item, index) in root.GetProperty("interventions")
                .EnumerateArray()
                .Select((item, index) => (item, index))
        )
            Read(item, $"$.interventions[{index}]");
        var config = new IntervenableConfig
        {
            Mode =
                root.TryGetProperty("mode", out var mode) && mode.GetString() == "serial"
                    ? InterventionMode.Serial
                    : InterventionMode.Parallel,
            Representations = _representations.ToImmutable(),
        };
        return new RunFile(
            config,
            new UnitLocations(_sources.ToImmutable(), _bases.ToImmutable()),
            new RunSettings
            {
                Coefficients = _coefficients.ToImmutable(),
                Subspaces = new Subspaces(_subspaces.ToImmutable()),
                OutputOriginalOutput = true,
            }
        );
    }

    private void Read(JsonElement item, string path)
    {
        var (unit, target, source) = Units(item, path);
        var type = InterventionType.Parse(item.GetProperty("kind").GetString()!);
        var representation = new RepresentationConfig
        {
            Component = item.GetProperty("component").GetString()!,
            Unit = unit,
            InterventionType = type,
            MaxNumberOfUnits = Number(item, "units") ?? 1,
            LowRankDimension = Number(item, "rank"),
            SubspacePartition = item.TryGetProperty("partition", out var parts)
                ? [.. parts.EnumerateArray().Select(part => ConfigField.Integers(part, path))]
                : [],
            GroupKey = Number(item, "group"),
            InterventionLinkKey = Number(item, "link"),
            SourceRepresentation = item.TryGetProperty("source", out var constant)
                ? files.Array(constant, $"{path}.source")
                : null,
            Intervention = item.TryGetProperty("parameters", out var parameters)
                ? files.Intervention(parameters, type, $"{path}.parameters")
                : null,
        };
        // One entry can mean the same intervention in several layers.
        var layers = item.TryGetProperty("layer", out var layer) ? Row(layer, path) : [0];
        foreach (var number in layers)
        {
            _representations.Add(representation with { Layer = number });
            _sources.Add(source);
            _bases.Add(target);
            _coefficients.Add(Coefficient(item));
            _subspaces.Add(item.TryGetProperty("subspace", out var subspace) ? Rows(subspace, path) : null);
        }
    }

    private static (string Unit, UnitLocation? Base, UnitLocation? Source) Units(JsonElement item, string path)
    {
        var (positions, heads) = (Positions(item, "positions", path), Heads(item, "heads", path));
        var (sourcePositions, sourceHeads) = (
            Positions(item, "source_positions", path) ?? positions,
            Heads(item, "source_heads", path) ?? heads
        );
        var hasBoth = positions is not null && heads is not null;
        var given = item.TryGetProperty("unit", out var unit) ? unit.GetString()! : null;
        if (positions is not null != sourcePositions is not null || heads is not null != sourceHeads is not null)
            throw ConfigField.Fault(
                path,
                "the source must be read by the same kinds of unit as the base is written by: set positions with "
                    + "source_positions, heads with source_heads"
            );
        return (
            given
                ?? (
                    hasBoth ? "h.pos"
                    : heads is not null ? "h"
                    : "pos"
                ),
            Joined(positions, heads),
            Joined(sourcePositions, sourceHeads)
        );
    }

    private static UnitLocation? Joined(UnitLocation? positions, ImmutableArray<ImmutableArray<int>>? heads) =>
        (positions, heads) switch
        {
            (null, null) => null,
            (null, { } rows) => new UnitLocation(rows),
            (_, null) => positions,
            (_, { } rows) => positions with { Heads = rows },
        };

    private static UnitLocation? Positions(JsonElement item, string name, string path)
    {
        if (!item.TryGetProperty(name, out var positions))
            return null;
        return positions.ValueKind is JsonValueKind.Object or JsonValueKind.String
            ? LocationEntryReader.Named(positions, $"{path}.{name}")
            : new UnitLocation(Rows(positions, $"{path}.{name}"));
    }

    private static ImmutableArray<ImmutableArray<int>>? Heads(JsonElement item, string name, string path) =>
        item.TryGetProperty(name, out var heads) ? Rows(heads, $"{path}.{name}") : null;

    // A number, a row for every example, or a row for each.
    private static ImmutableArray<ImmutableArray<int>> Rows(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.Array && json.EnumerateArray().All(row => row.ValueKind == JsonValueKind.Array)
            ? [.. json.EnumerateArray().Select(row => Row(row, path))]
            : [Row(json, path)];

    private static ImmutableArray<int> Row(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.Number
            ? [LocationEntryReader.Unit(json, path)]
            : LocationEntryReader.Row(json, path);

    private static int? Number(JsonElement item, string name) =>
        item.TryGetProperty(name, out var number) ? number.GetInt32() : null;

    private static Coefficient Coefficient(JsonElement item)
    {
        if (!item.TryGetProperty("coefficient", out var json))
            return Planning.Coefficient.One;
        return json.ValueKind == JsonValueKind.Number
            ? Planning.Coefficient.Of(json.GetSingle())
            : Planning.Coefficient.PerExample([.. json.EnumerateArray().Select(number => number.GetSingle())]);
    }
}
