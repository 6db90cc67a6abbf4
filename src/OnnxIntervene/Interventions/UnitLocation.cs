using System.Collections.Immutable;

namespace OnnxIntervene.Interventions;

/// <summary>The units that one intervention reads or writes, a row for each example of the batch.</summary>
/// <param name="Units">
/// <c>[batch][units]</c>: positions, or heads where the unit is <c>h</c>. A single row serves every example. Negative
/// positions count from the end of the example's own tokens, ignoring padding: -1 is the last token.
/// </param>
/// <param name="Heads">
/// <c>[batch][heads]</c> where the unit is <c>h.pos</c>: each head at each position of <see cref="Units"/>; where a
/// unit counts two axes of a tensor, the entries of the first of them.
/// </param>
public sealed record UnitLocation(
    ImmutableArray<ImmutableArray<int>> Units,
    ImmutableArray<ImmutableArray<int>> Heads = default
)
{
    /// <summary>Every position that the attention mask keeps; examples may differ in how many these are.</summary>
    public static UnitLocation Unpadded { get; } =
        new([
            [],
        ])
        {
            Anchor = new TextAnchor("", TextAnchorPart.All),
        };

    /// <summary>Positions named by a text, found in each example; the units are left empty then.</summary>
    public TextAnchor? Anchor { get; init; }

    /// <summary>The same units in every example.</summary>
    public static UnitLocation At(params ReadOnlySpan<int> units) =>
        new([
            [.. units],
        ]);

    /// <summary>The same heads at the same positions in every example.</summary>
    public static UnitLocation AtHeads(ReadOnlySpan<int> heads, params ReadOnlySpan<int> positions) =>
        new(
            [
                [.. positions],
            ],
            [
                [.. heads],
            ]
        );

    /// <summary>The last token of a text's first occurrence in each example.</summary>
    public static UnitLocation LastTokenOf(string text) =>
        new([
            [],
        ])
        {
            Anchor = new TextAnchor(text, TextAnchorPart.Last),
        };

    /// <summary>The first token of a text's first occurrence in each example.</summary>
    public static UnitLocation FirstTokenOf(string text) =>
        new([
            [],
        ])
        {
            Anchor = new TextAnchor(text, TextAnchorPart.First),
        };

    /// <summary>Every token of a text's first occurrence in each example.</summary>
    public static UnitLocation TokensOf(string text) =>
        new([
            [],
        ])
        {
            Anchor = new TextAnchor(text, TextAnchorPart.All),
        };

    /// <summary>The units of an example.</summary>
    internal ImmutableArray<int> UnitsOf(int row) => Units[Units.Length == 1 ? 0 : row];

    /// <summary>The heads of an example.</summary>
    internal ImmutableArray<int> HeadsOf(int row) => Heads[Heads.Length == 1 ? 0 : row];
}
