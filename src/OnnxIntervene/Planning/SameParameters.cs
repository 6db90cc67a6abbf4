using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>
/// Interventions that have the same numbers are the same: a folder holds those of linked ones once for each of them.
/// </summary>
internal sealed class SameParameters : IEqualityComparer<Intervention>
{
    public static SameParameters Comparer { get; } = new();

    public bool Equals(Intervention? left, Intervention? right) =>
        ReferenceEquals(left, right)
        || (
            left is not null
            && right is not null
            && left.Type == right.Type
            && left.Type.Create is not null
            && left.Parameters.Count == right.Parameters.Count
            && left.Parameters.All(entry =>
                right.Parameters.TryGetValue(entry.Key, out var other) && AreSame(entry.Value, other)
            )
        );

    public int GetHashCode(Intervention intervention) => intervention.Type.GetHashCode();

    private static bool AreSame(NumericArray left, NumericArray right) =>
        left.IsInteger == right.IsInteger
        && left.Shape.SequenceEqual(right.Shape)
        && (left.IsInteger ? left.Integers.SequenceEqual(right.Integers) : left.Floats.SequenceEqual(right.Floats));
}
