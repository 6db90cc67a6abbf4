using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Planning;

/// <summary>
/// Reads partitions as pyvene does: two integers are a half-open range, a list of another length names dimensions.
/// </summary>
internal static class SubspacePartitions
{
    private const int LargestSpace = 1 << 24;

    /// <summary>Throws where parts overlap or leave the space.</summary>
    public static void Check(RepresentationConfig representation, int dimensions)
    {
        var owners = new Dictionary<int, int>();
        for (var part = 0; part < representation.SubspacePartition.Length; part++)
        {
            foreach (var dimension in Expand(representation, part))
            {
                if (dimension < 0 || (dimensions > 0 && dimension >= dimensions))
                    throw new InterventionException(
                        $"{representation}: part {part} of the partition names dimension {dimension}, but the space "
                            + $"has the dimensions 0 to {dimensions - 1}."
                    );
                if (!owners.TryAdd(dimension, part))
                    throw new InterventionException(
                        $"{representation}: the parts {owners[dimension]} and {part} of the partition overlap at "
                            + $"dimension {dimension}."
                    );
            }
        }
    }

    /// <summary>The dimensions that a row of a run's subspaces names.</summary>
    public static ImmutableArray<int> Dimensions(
        RepresentationConfig representation,
        ImmutableArray<int> numbers,
        int dimensions
    )
    {
        var count = representation.SubspacePartition.Length;
        if (count == 0)
            return Checked(representation, numbers, dimensions);
        foreach (var number in numbers)
        {
            if (number < 0 || number >= count)
                throw new InterventionException(
                    $"{representation}: there is no subspace {number}; the partition has the parts 0 to {count - 1}."
                );
        }

        return [.. numbers.SelectMany(part => Expand(representation, part))];
    }

    /// <summary>The dimensions, all of which are in the space.</summary>
    public static ImmutableArray<int> Checked(
        RepresentationConfig representation,
        ImmutableArray<int> numbers,
        int dimensions
    )
    {
        foreach (var number in numbers)
        {
            if (number < 0 || number >= dimensions)
                throw new InterventionException(
                    $"{representation}: there is no dimension {number}; the space has the dimensions 0 to "
                        + $"{dimensions - 1}."
                );
        }

        return numbers;
    }

    private static ImmutableArray<int> Expand(RepresentationConfig representation, int part)
    {
        if (representation.SubspacePartition[part] is not [var start, var end])
            return representation.SubspacePartition[part];
        if ((long)end - start > LargestSpace)
            throw new InterventionException(
                $"{representation}: part {part} of the partition is the range [{start}, {end}); no space has more "
                    + $"than {LargestSpace} dimensions."
            );
        return end > start
            ? [.. Enumerable.Range(start, end - start)]
            : throw new InterventionException(
                $"{representation}: part {part} of the partition is the range [{start}, {end}), which is empty."
            );
    }
}
