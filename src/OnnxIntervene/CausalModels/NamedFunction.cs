using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>A function that descriptions name, and what its parents must be.</summary>
/// <param name="Name">Its name in descriptions.</param>
/// <param name="Function">The function.</param>
/// <param name="Least">The fewest parents.</param>
/// <param name="Most">The most parents.</param>
/// <param name="Parents">What its parents must be; null for anything.</param>
internal sealed record NamedFunction(
    string Name,
    CausalFunction Function,
    int Least,
    int Most,
    CausalValueKind? Parents = null
)
{
    private const int Any = int.MaxValue;

    /// <summary>Every function that there is: nothing of a file is executed.</summary>
    public static ImmutableArray<NamedFunction> All { get; } =
    [
        new("equal", CausalFunctions.Equal, 2, Any),
        new("and", CausalFunctions.And, 2, Any, CausalValueKind.Truth),
        new("or", CausalFunctions.Or, 2, Any, CausalValueKind.Truth),
        new("not", CausalFunctions.Not, 1, 1, CausalValueKind.Truth),
        new("xor", CausalFunctions.Xor, 2, Any, CausalValueKind.Truth),
        new("less", CausalFunctions.Less, 2, 2, CausalValueKind.Number),
        new("less_or_equal", CausalFunctions.LessOrEqual, 2, 2, CausalValueKind.Number),
        new("in_range", CausalFunctions.InRange, 3, 3, CausalValueKind.Number),
        new(CopyName, CausalFunctions.Copy, 1, 1),
    ];

    /// <summary>The name of the one function whose values are its parent's, and no truths.</summary>
    public const string CopyName = "copy";
}
