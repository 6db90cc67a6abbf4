using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Studies.Prompts;

/// <summary>One prompt of a study, with what is measured on it. Immutable.</summary>
public sealed record StudyPrompt
{
    /// <summary>The clean prompt, a batch of one.</summary>
    public required ModelInputs Inputs { get; init; }

    /// <summary>
    /// The corrupt (counterfactual) prompt, a batch of one with as many tokens; null for a study without one.
    /// </summary>
    public ModelInputs? Corrupt { get; init; }

    /// <summary>The token that should follow the clean prompt; null where nothing measures it.</summary>
    public int? Answer { get; init; }

    /// <summary>The token that should follow the corrupt prompt; null where nothing measures it.</summary>
    public int? Wrong { get; init; }

    /// <summary>The position at which logits are measured; null for the last token that the mask keeps.</summary>
    public int? MetricPosition { get; init; }

    /// <summary>The position at which logits are measured, as a number.</summary>
    internal int MeasuredPosition => MetricPosition ?? LastTokens.Of(Inputs)[0];

    /// <summary>The tokens that are measured.</summary>
    internal int[] Answers => [.. new[] { Answer, Wrong }.OfType<int>()];

    /// <summary>The class of the prompt, for a probe; null where it has none.</summary>
    public string? Label { get; init; }

    /// <summary>
    /// Named positions, such as those of the subject's tokens: what prompts of several lengths have in common.
    /// </summary>
    public ImmutableSortedDictionary<string, ImmutableArray<int>> Positions
    {
        get;
        init => field = value ?? Empty;
    } = Empty;

    /// <summary>The clean prompt's text and tokens; null where it was given as arrays.</summary>
    public PromptText? Text { get; init; }

    /// <summary>The corrupt prompt's text and tokens; null where there is none.</summary>
    public PromptText? CorruptText { get; init; }

    /// <summary>How many tokens it has.</summary>
    public int Length => Inputs.Length;

    private static ImmutableSortedDictionary<string, ImmutableArray<int>> Empty { get; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<int>>(StringComparer.Ordinal);

    /// <summary>A prompt of a text, and of a counterfactual one.</summary>
    /// <param name="text">The clean prompt.</param>
    /// <param name="corrupt">The corrupt prompt; null for none.</param>
    public static StudyPrompt Of(PromptText text, PromptText? corrupt = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new StudyPrompt
        {
            Inputs = ModelInputs.FromTokens(text.Ids),
            Corrupt = corrupt is null ? null : ModelInputs.FromTokens(corrupt.Ids),
            Text = text,
            CorruptText = corrupt,
        };
    }
}
