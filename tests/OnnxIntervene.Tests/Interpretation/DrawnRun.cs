using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>A configuration and the arguments of one run of it.</summary>
/// <param name="Config">The interventions.</param>
/// <param name="Base">What is intervened on.</param>
/// <param name="Sources">The sources; null where the run gives none.</param>
/// <param name="Locations">Where sources are read and the base is written.</param>
/// <param name="Settings">Everything else.</param>
internal sealed record DrawnRun(
    IntervenableConfig Config,
    ModelInputs Base,
    ImmutableArray<ModelInputs?>? Sources,
    UnitLocations Locations,
    RunSettings Settings
)
{
    /// <summary>One intervention a line, for messages.</summary>
    public override string ToString() =>
        string.Join(
            Environment.NewLine,
            Config
                .Representations.Select(Line)
                .Prepend(
                    $"{Config.Mode}, base {Inputs(Base)}, sources "
                        + $"{(Sources is { } all ? string.Join(" ", all.Select(Inputs)) : "none")}"
                )
        );

    private string Line(RepresentationConfig item, int index) =>
        $"  {item} unit {item.Unit} group {item.GroupKey} link {item.InterventionLinkKey} from "
        + $"{Show(Locations.SourceOf(index))} to {Show(Locations.BaseOf(index))}"
        + $" constant {Settings.SourceRepresentations.ElementAtOrDefault(index) ?? item.SourceRepresentation} "
        + $"subspaces {Show(Settings.Subspaces.RowsOf(index))}"
        + $" parts {Show(item.SubspacePartition)} dimensions "
        + $"{(item.InterchangeDimensions is { } some ? Show([some]) : item.InterchangeCount)} {item.Intervention}";

    private static string Inputs(ModelInputs? inputs) =>
        inputs is null ? "null" : string.Join(" ", inputs.Arrays.Select(array => $"{array.Key} {array.Value}"));

    private static string Show(UnitLocation? location) =>
        location is null
            ? "everywhere"
            : $"{(location.Heads.IsDefault ? "" : $"heads {Show(location.Heads)} at ")}{Show(location.Units)}";

    private static string Show(ImmutableArray<ImmutableArray<int>>? rows) =>
        rows is not { IsDefault: false } given
            ? "null"
            : $"[{string.Join(" ", given.Select(row => $"[{string.Join(",", row)}]"))}]";
}
