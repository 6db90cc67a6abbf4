using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Ablation;

/// <summary>Chooses another prompt of the same length for each prompt.</summary>
internal static class OtherPrompts
{
    /// <summary>The number of each prompt's other one.</summary>
    /// <exception cref="InterventionException">A prompt is the only one of its length.</exception>
    public static ImmutableArray<int> Of(ImmutableArray<StudyPrompt> prompts, int seed)
    {
        var others = new int[prompts.Length];
        var random = new Random(seed);
        foreach (var group in Enumerable.Range(0, prompts.Length).GroupBy(prompt => prompts[prompt].Length))
        {
            var members = group.ToArray();
            if (members.Length == 1)
                throw new InterventionException(
                    $"Prompt {members[0] + 1} has {group.Key} tokens and no other prompt has as many, so there is "
                        + "none to "
                        + "take values from. Add prompts of its length, or choose another ablation."
                );
            random.Shuffle(members);

            // Everyone's next in a circle, so that none is its own.
            for (var index = 0; index < members.Length; index++)
                others[members[index]] = members[(index + 1) % members.Length];
        }

        return [.. others];
    }
}
