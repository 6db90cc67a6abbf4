using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>Numbers the sets of variables that an example interchanges: the variables as bits, less one.</summary>
internal static class InterchangePattern
{
    /// <summary>More variables than this have no such number.</summary>
    public const int MostVariables = 30;

    /// <summary>The number of a set; 0 where it is the first variable alone.</summary>
    public static int IdOf(ImmutableArray<bool> isInterchanged) =>
        Enumerable
            .Range(0, Math.Min(isInterchanged.Length, MostVariables))
            .Sum(index => isInterchanged[index] ? 1 << index : 0) - 1;

    /// <summary>Whether a numbered set holds a variable.</summary>
    public static bool Has(long id, int variable) => ((id + 1) >> variable & 1) == 1;
}
