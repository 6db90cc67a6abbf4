using System.Collections.Immutable;
using OnnxIntervene.Interventions;

namespace OnnxIntervene.Training;

/// <summary>Locations and subspaces of single examples as those of a batch.</summary>
internal static class JoinedRows
{
    /// <summary>
    /// What all examples have, joined; null where they have none, and as it is where it is one object.
    /// </summary>
    public static T? Of<T>(
        IReadOnlyList<TrainingExample> examples,
        Func<TrainingExample, T?> choose,
        Func<IReadOnlyList<T>, T> join
    )
        where T : class
    {
        var first = choose(examples[0]);
        return first is null || examples.All(example => ReferenceEquals(choose(example), first))
            ? first
            : join([.. examples.Select(example => choose(example)!)]);
    }

    /// <summary>Locations, a row for each example.</summary>
    public static UnitLocations Join(IReadOnlyList<UnitLocations> rows) =>
        new(Join(rows, row => row.Sources), Join(rows, row => row.Base));

    /// <summary>Subspaces, a row for each example.</summary>
    public static Subspaces Join(IReadOnlyList<Subspaces> rows) =>
        new([
            .. Enumerable
                .Range(0, rows[0].Rows.Length)
                .Select(index =>
                    rows[0].Rows[index] is null
                        ? (ImmutableArray<ImmutableArray<int>>?)null
                        : [.. rows.Select(row => row.Rows[index]!.Value[0])]
                ),
        ]);

    /// <summary>What locations of examples must have in common to be joined.</summary>
    public static string FormOf(UnitLocations? locations) =>
        locations is null ? "none" : $"{FormOf(locations.Sources)} to {FormOf(locations.Base)}";

    /// <summary>What subspaces of examples must have in common to be joined.</summary>
    public static string FormOf(Subspaces? subspaces) =>
        subspaces is null ? "none" : string.Join(" and ", subspaces.Rows.Select(FormOf));

    private static string FormOf(ImmutableArray<ImmutableArray<int>>? rows) =>
        rows is null ? "all dimensions" : $"numbers of {rows.Value.Length} example";

    private static string FormOf(ImmutableArray<UnitLocation?> side) => string.Join(" and ", side.Select(FormOf));

    private static string FormOf(UnitLocation? location) =>
        location switch
        {
            null => "everywhere",
            { Anchor: { } anchor } => $"'{anchor.Text}' ({anchor.Part})",
            { Heads.IsDefault: false } => $"heads of {location.Units.Length} example",
            _ => $"units of {location.Units.Length} example",
        };

    private static ImmutableArray<UnitLocation?> Join(
        IReadOnlyList<UnitLocations> rows,
        Func<UnitLocations, ImmutableArray<UnitLocation?>> side
    ) =>
        [.. Enumerable.Range(0, side(rows[0]).Length).Select(index => Join([.. rows.Select(row => side(row)[index])]))];

    private static UnitLocation? Join(IReadOnlyList<UnitLocation?> rows) =>
        rows[0] is not { } first || rows.All(row => ReferenceEquals(row, first)) || first.Anchor is not null
            ? rows[0]
            : new UnitLocation(
                [.. rows.Select(row => row!.Units[0])],
                first.Heads.IsDefault ? default : [.. rows.Select(row => row!.Heads[0])]
            );
}
