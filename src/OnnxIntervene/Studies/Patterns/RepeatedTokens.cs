using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>
/// Random tokens, then the same again: nothing but the repetition tells what follows, so that induction heads show
/// (Elhage et al. 2021; Olsson et al. 2022).
/// </summary>
public static class RepeatedTokens
{
    /// <summary>Draws a sequence: a prefix, <paramref name="count"/> different tokens, and these again.</summary>
    /// <param name="count">How many tokens are drawn.</param>
    /// <param name="seed">The seed of the draw; equal seeds give equal tokens.</param>
    /// <param name="vocabulary">How many tokens there are to draw from, from 0 on.</param>
    /// <param name="prefix">What stands before, such as a token that begins texts.</param>
    /// <param name="tokenText">Spells tokens; null where there is no tokenizer.</param>
    /// <exception cref="InterventionException">There are too few tokens to draw from.</exception>
    public static StudyPrompt Create(
        int count,
        int seed,
        int vocabulary,
        ImmutableArray<int> prefix = default,
        Func<int, string>? tokenText = null
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ImmutableArray<int> before = prefix.IsDefault ? [] : prefix;
        if (count > vocabulary - before.Distinct().Count())
            throw new InterventionException(
                $"{count} different tokens cannot be drawn from a vocabulary of {vocabulary}. Draw fewer."
            );
        var random = new Random(seed);
        var (drawn, known) = (new List<int>(), before.ToHashSet());
        while (drawn.Count < count)
        {
            var token = random.Next(vocabulary);
            if (known.Add(token))
                drawn.Add(token);
        }

        return StudyPrompt.Of(PromptText.OfIds([.. before, .. drawn, .. drawn], tokenText));
    }
}
