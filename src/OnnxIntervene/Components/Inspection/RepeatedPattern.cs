using System.Collections.Immutable;

namespace OnnxIntervene.Components.Inspection;

/// <summary>A sequence of operators that a graph repeats: most likely its layers.</summary>
/// <param name="Operators">The operators of one repetition, without those that only rearrange numbers.</param>
/// <param name="Ends">The last tensor of each repetition.</param>
public sealed record RepeatedPattern(ImmutableArray<string> Operators, ImmutableArray<string> Ends)
{
    /// <summary>How often the sequence is repeated.</summary>
    public int Count => Ends.Length;
}
