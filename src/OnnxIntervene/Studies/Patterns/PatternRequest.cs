using System.Collections.Immutable;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>What heads attend to in some prompts.</summary>
public sealed record PatternRequest
{
    /// <summary>The prompts, of any lengths.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>The layers; empty for all.</summary>
    public ImmutableArray<int> Layers
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];
}
