using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Json;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// Reads the short form of a run's file: one entry for each intervention, with everything that belongs to it.
/// <c>schemas/interventions.schema.json</c> describes it for editors; a test compares the two.
/// </summary>
internal sealed class ShortForm(ParameterFiles files)
{
    private static readonly string[] s_fields = ["$schema", "description", "mode", "interventions"];
    private static readonly string[] s_entryFields =
    [
        "description",
        "kind",
        "component",
        "layer",
        "positions",
        "source_positions",
        "heads",
        "source_heads",
        "unit",
        "subspace",
        "partition",
        "source",
        "coefficient",
        "rank",
        "units",
        "parameters",
        "group",
        "link",
    ];
    private readonly ImmutableArray<RepresentationConfig>.Builder _representations =
        ImmutableArray.CreateBuilder<RepresentationConfig>();
    private readonly ImmutableArray<UnitLocation?>.Builder _sources = ImmutableArray.CreateBuilder<UnitLocation?>();
    private readonly ImmutableArray<UnitLocation?>.Builder _bases = ImmutableArray.CreateBuilder<UnitLocation?>();
    private readonly ImmutableArray<Coefficient>.Builder _coefficients = ImmutableArray.CreateBuilder<Coefficient>();
    private readonly ImmutableArray<ImmutableArray<ImmutableArray<int>>?>.Builder _subspaces =
        ImmutableArray.CreateBuilder<ImmutableArray<ImmutableArray<int>>?>();

    /// <summary>The names of the kinds that a file can hold, short and as pyvene's classes.</summary>
    public static IEnumerable<string> Kinds()
    {
        var kinds = InterventionType.All.Where(type => type.Create is not null).ToList();
        return kinds.Select(type => type.Name).Concat(kinds.Select(type => type.ClassName));
    }

    /// <summary>Reads a file that has the short form.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">It has not; the message names the place.</exception>
    public RunFile Read(JsonPlace root)
    {
        ShortFields.CheckTexts(root.WithKeys(s_fields), "$schema", "description");
        foreach (var item in ShortFields.Filled(root["interventions"], "a list of interventions").Items())
            ReadEntry(item);
        var config = new IntervenableConfig { Mode = Mode(root), Representations = _representations.ToImmutable() };
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

    private static InterventionMode Mode(JsonPlace root) =>
        root["mode"] is { IsMissing: false } mode
            ? mode.Text("\"parallel\" or \"serial\"") switch
            {
                "parallel" => InterventionMode.Parallel,
                "serial" => InterventionMode.Serial,
                _ => throw mode.Expected("\"parallel\" or \"serial\""),
            }
            : InterventionMode.Parallel;

    private void ReadEntry(JsonPlace item)
    {
        ShortFields.CheckTexts(item.WithKeys(s_entryFields), "description");
        var (unit, target, source) = ShortUnits.Of(item);
        var representation = Representation(item, unit);
        var subspace = ShortFields.Rows(item["subspace"]);

        // One entry can mean the same intervention in several layers.
        foreach (var layer in ShortFields.Numbers(item["layer"]) ?? [0])
        {
            _representations.Add(representation with { Layer = layer });
            _sources.Add(source);
            _bases.Add(target);
            _coefficients.Add(Coefficient(item["coefficient"], representation.InterventionType));
            _subspaces.Add(subspace);
        }
    }

    private static Coefficient Coefficient(JsonPlace place, InterventionType type) =>
        ShortFields.Coefficient(place) is var coefficient && (coefficient.IsOne || type.HasCoefficient)
            ? coefficient
            : throw place.Fault($"the kind {type} takes no coefficient");

    private RepresentationConfig Representation(JsonPlace item, string unit)
    {
        var type = Type(item["kind"]);
        var rank = ShortFields.Number(item["rank"], 1);
        var given = item["parameters"] is { IsMissing: false } parameters ? files.Intervention(parameters, type) : null;
        if (rank is not null && given is { Sizes.Latents: > 0 and var latents } && latents != rank)
            throw item["rank"].Fault($"the parameters are of rank {latents}; leave the rank out, or give others");
        return new RepresentationConfig
        {
            Component = ShortFields.Name(item["component"]),
            Unit = unit,
            InterventionType = type,
            MaxNumberOfUnits = ShortFields.Number(item["units"], 1) ?? 1,
            LowRankDimension = rank,
            SubspacePartition = ShortFields.Partition(item["partition"]),
            GroupKey = ShortFields.Number(item["group"], 0),
            InterventionLinkKey = ShortFields.Number(item["link"], 0),
            SourceRepresentation = item["source"] is { IsMissing: false } constant ? files.Array(constant) : null,
            Intervention = given,
        };
    }

    private static InterventionType Type(JsonPlace kind) =>
        kind.Text("a kind of intervention") is var name && Kinds().Contains(name)
            ? InterventionType.Parse(name)
            : throw kind.Fault(
                $"{kind.Shown} is not a kind that a file can hold; the kinds are {string.Join(", ", Kinds())}"
            );
}
