using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>A base or a source of an interchange.</summary>
/// <param name="Inputs">A batch of one.</param>
public sealed record InterchangeInput(ModelInputs Inputs)
{
    /// <summary>Positions that have names.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<int>> Positions { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<int>>(StringComparer.Ordinal);

    /// <summary>The text and its tokens; null where arrays were given.</summary>
    public PromptText? Text { get; init; }
}
