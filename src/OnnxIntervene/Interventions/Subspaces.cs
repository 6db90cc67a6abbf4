using System.Collections.Immutable;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Which part of the space each intervention of a run changes (pyvene's <c>subspaces</c>): for each intervention
/// <c>[batch][numbers]</c>, or null for all of it. Numbers are those of the partition's parts where the representation
/// has one, otherwise dimensions: of the component, of the rotated space, or latents.
/// </summary>
/// <param name="Rows">
/// For each intervention its rows; a single row serves every example, a single intervention's every intervention.
/// </param>
public sealed record Subspaces(ImmutableArray<ImmutableArray<ImmutableArray<int>>?> Rows)
{
    /// <summary>No restriction.</summary>
    public static Subspaces Whole { get; } = new([null]);

    /// <summary>The same numbers for every intervention and example.</summary>
    public static Subspaces Of(params ReadOnlySpan<int> numbers) =>
        new([
            [
                [.. numbers],
            ],
        ]);

    /// <summary>The rows of an intervention; null for all of the space.</summary>
    internal ImmutableArray<ImmutableArray<int>>? RowsOf(int index) => Rows[Rows.Length == 1 ? 0 : index];
}
