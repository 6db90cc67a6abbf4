using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>Texts as inputs of interchanges.</summary>
internal static class InterchangeInputs
{
    /// <summary>A text with named positions.</summary>
    public static InterchangeInput Of(
        PromptText text,
        IEnumerable<(string Name, ImmutableArray<int> Positions)> positions
    ) =>
        new(ModelInputs.FromTokens(text.Ids))
        {
            Text = text,
            Positions = positions.ToImmutableSortedDictionary(
                item => item.Name,
                item => item.Positions,
                StringComparer.Ordinal
            ),
        };

    /// <summary>Positions counted from the start; negative ones count from the end.</summary>
    /// <exception cref="InterventionException">One is not in the text.</exception>
    public static ImmutableArray<int> Counted(PromptText text, IEnumerable<int> positions)
    {
        ImmutableArray<int> counted =
        [
            .. positions.Select(position => position < 0 ? position + text.Ids.Length : position),
        ];
        text.RequirePositions(counted);
        return counted;
    }
}
