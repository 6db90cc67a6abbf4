using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>Where and in which subspaces interventions of a data set read sources and write bases. Immutable.</summary>
public sealed record InterchangePlace
{
    /// <summary>
    /// Where bases are written, one for all interventions or one each; empty for <see cref="UnitLocations"/>.
    /// </summary>
    public ImmutableArray<ExamplePosition> Positions { get; init; } = [];

    /// <summary>Where sources are read; empty for the same as <see cref="Positions"/>.</summary>
    public ImmutableArray<ExamplePosition> SourcePositions { get; init; } = [];

    /// <summary>
    /// The heads at <see cref="Positions"/>, one for all interventions or one each, null for a component without heads;
    /// empty for none.
    /// </summary>
    public ImmutableArray<int?> Heads { get; init; } = [];

    /// <summary>Units that are the same in every example; null for the whole tensor.</summary>
    public UnitLocations? UnitLocations { get; init; }

    /// <summary>Which part of the space each intervention changes: the same in every example.</summary>
    public Subspaces Subspaces { get; init; } = Subspaces.Whole;

    /// <summary>Where logits are read; null for the last token.</summary>
    public ExamplePosition? AnswerPosition { get; init; }

    /// <summary>Throws unless every example has these places.</summary>
    internal void Check(InterchangeDataSet data, int interventions)
    {
        if (!Positions.IsEmpty && UnitLocations is not null)
            throw new InterventionException("Positions and unit locations are both given; give one of them.");
        foreach (
            var count in new[] { Positions.Length, SourcePositions.Length, Heads.Length }.Where(count => count > 1)
        )
        {
            if (count != interventions)
                throw new InterventionException(
                    $"{count} positions or heads are given for {interventions} interventions; give one for all or one "
                        + "each."
                );
        }

        for (var index = 0; index < data.Examples.Length; index++)
        {
            try
            {
                LocationsOf([data.Examples[index]], interventions);
                AnswerPosition?.In(data.Examples[index].Base);
            }
            catch (InterventionException fault)
            {
                throw new InterventionException($"{data.NameOf(index)}: {fault.Message}", fault);
            }
        }
    }

    /// <summary>The units of some examples, a row each.</summary>
    internal UnitLocations? LocationsOf(IReadOnlyList<InterchangeExample> examples, int interventions)
    {
        if (Positions.IsEmpty)
            return UnitLocations;
        var read = SourcePositions.IsEmpty ? Positions : SourcePositions;
        return new UnitLocations(
            [
                .. Enumerable
                    .Range(0, interventions)
                    .Select(index => Rows(index, read, example => SourceOf(example, index))),
            ],
            [.. Enumerable.Range(0, interventions).Select(index => Rows(index, Positions, example => example.Base))]
        );

        UnitLocation Rows(
            int index,
            ImmutableArray<ExamplePosition> positions,
            Func<InterchangeExample, InterchangeInput> input
        ) =>
            new(
                [.. examples.Select(example => ImmutableArray.Create(Of(positions, index).In(input(example))))],
                HeadsOf(index)
            );
    }

    private ImmutableArray<ImmutableArray<int>> HeadsOf(int index) =>
        !Heads.IsEmpty && Of(Heads, index) is { } head
            ?
            [
                [head],
            ]
            : default;

    private static T Of<T>(ImmutableArray<T> places, int index) => places[places.Length == 1 ? 0 : index];

    // An intervention that is skipped reads nothing, but its entry must be a position.
    private static InterchangeInput SourceOf(InterchangeExample example, int index) =>
        example.Sources[example.Sources.Length == 1 ? 0 : index] ?? example.Base;
}
