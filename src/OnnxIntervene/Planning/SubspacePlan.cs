using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>Which dimensions of a kind's space one intervention changes in each example.</summary>
internal sealed class SubspacePlan
{
    private readonly ImmutableArray<ImmutableArray<int>> _rows;
    private readonly int _dimensions;

    private SubspacePlan(ImmutableArray<ImmutableArray<int>> rows, int dimensions) =>
        (_rows, _dimensions) = (rows, dimensions);

    /// <summary>How many dimensions the space has.</summary>
    public int Dimensions => _dimensions;

    /// <summary>Resolves the subspaces of a run; null for all of the space.</summary>
    /// <param name="representation">The intervention, for its partition.</param>
    /// <param name="given">The run's choice, <c>[batch][numbers]</c>; null for none.</param>
    /// <param name="dimensions">How many dimensions the space has.</param>
    /// <param name="batch">How many examples there are.</param>
    /// <exception cref="InterventionException">
    /// A number is outside the space or the partition, or the kind takes no subspaces.
    /// </exception>
    public static SubspacePlan? Of(
        RepresentationConfig representation,
        ImmutableArray<ImmutableArray<int>>? given,
        int dimensions,
        int batch
    )
    {
        SubspacePartitions.Check(representation, dimensions);
        if (given is not { } rows)
            return Default(representation, dimensions);
        if (!representation.InterventionType.TakesSubspaces)
            throw new InterventionException(
                $"{representation}: the kind mixes all dimensions by its own mask; it takes no subspaces."
            );
        if (dimensions == 0)
            throw new InterventionException($"{representation}: subspaces need units of a known width.");
        if (rows.Length != 1 && rows.Length != batch)
            throw new InterventionException(
                $"{representation}: subspaces for {rows.Length} examples, but the batch holds {batch}."
            );
        ImmutableArray<ImmutableArray<int>> chosen =
        [
            .. rows.Select(row => SubspacePartitions.Dimensions(representation, row, dimensions)),
        ];
        return !representation.InterventionType.ReadsOnly || chosen.Select(row => row.Length).Distinct().Count() == 1
            ? new SubspacePlan(chosen, dimensions)
            : throw new InterventionException(
                $"{representation}: what is collected must be equally wide in every example; the subspaces differ "
                    + $"in size."
            );
    }

    /// <summary>The mask of every row: <paramref name="rowsOf"/> says how many rows each example has.</summary>
    public ReadOnlyMemory<bool> Mask(IReadOnlyList<int> rowsOf)
    {
        var mask = new bool[SizeProduct.ToMake(sizeof(bool), "The mask of subspaces", rowsOf.Sum(), _dimensions)];
        var row = 0;
        for (var example = 0; example < rowsOf.Count; example++)
        {
            for (var repeat = 0; repeat < rowsOf[example]; repeat++, row++)
            {
                foreach (var dimension in RowOf(example))
                    mask[(row * _dimensions) + dimension] = true;
            }
        }

        return mask;
    }

    /// <summary>The chosen dimensions of what was collected, in the order in which they were asked for.</summary>
    public NumericArray Select(NumericArray collected)
    {
        var count = RowOf(0).Length;
        var units = collected.Length / _dimensions;
        var perExample = collected.Shape[0] == 0 ? 0 : units / collected.Shape[0];
        var selected = new float[units * count];
        for (var unit = 0; unit < units; unit++)
        {
            var row = RowOf(unit / perExample);
            for (var index = 0; index < count; index++)
                selected[(unit * count) + index] = collected.Floats[(unit * _dimensions) + row[index]];
        }

        return NumericArray.Of(selected, [.. collected.Shape.AsSpan()[..^1], count]);
    }

    private ImmutableArray<int> RowOf(int example) => _rows[_rows.Length == 1 ? 0 : example];

    private static SubspacePlan? Default(RepresentationConfig representation, int dimensions)
    {
        if (!representation.InterventionType.TakesSubspaces || dimensions == 0)
            return null;
        if (representation.InterchangeDimensions is { } chosen)
            return new SubspacePlan([SubspacePartitions.Checked(representation, chosen, dimensions)], dimensions);
        return
            representation.InterchangeCount is { } count
            && representation.InterventionType.TakesInterchangeCount
            && count < dimensions
            ? new SubspacePlan(
                [
                    [.. Enumerable.Range(0, count)],
                ],
                dimensions
            )
            : null;
    }
}
