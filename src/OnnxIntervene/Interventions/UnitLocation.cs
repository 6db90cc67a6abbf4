using System.Collections.Immutable;

namespace OnnxIntervene.Interventions;

/// <summary>The units that one intervention reads or writes, a row for each example of the batch.</summary>
/// <param name="Units">
/// <c>[batch][units]</c>: positions, or heads where the unit is <c>h</c>. A single row serves every example.
/// </param>
/// <param name="Heads"><c>[batch][heads]</c> where the unit is <c>h.pos</c>: each head at each position of <see cref="Units"/>.</param>
public sealed record UnitLocation(ImmutableArray<ImmutableArray<int>> Units, ImmutableArray<ImmutableArray<int>> Heads = default)
{
    /// <summary>The same units in every example.</summary>
    public static UnitLocation At(params ReadOnlySpan<int> units) => new([[.. units]]);

    /// <summary>The same heads at the same positions in every example.</summary>
    public static UnitLocation AtHeads(ReadOnlySpan<int> heads, params ReadOnlySpan<int> positions) => new([[.. positions]], [[.. heads]]);

    /// <summary>The units of an example.</summary>
    internal ImmutableArray<int> UnitsOf(int row) => Units[Units.Length == 1 ? 0 : row];

    /// <summary>The heads of an example.</summary>
    internal ImmutableArray<int> HeadsOf(int row) => Heads[Heads.Length == 1 ? 0 : row];
}
