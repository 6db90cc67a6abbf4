using OnnxIntervene.Generation;
using OnnxIntervene.IR;

namespace OnnxIntervene.Steering;

/// <summary>Texts that are generated after the prompts of a search, and the words that are counted in them.</summary>
public sealed record GeneratedTextScore
{
    /// <summary>The words.</summary>
    public required BagOfWords Bag { get; init; }

    /// <summary>
    /// How the texts are generated; greedily where left out. Under every cell the prompts' texts have the random
    /// numbers that they have in a generation of their own, of all prompts with their samples.
    /// </summary>
    public GenerationOptions Options { get; init; } = new();

    /// <summary>How many texts are generated after each prompt; more than one only where tokens are drawn.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>
    /// What tells it from others; how texts are computed, with the cache or without, is no part of it.
    /// </summary>
    internal IEnumerable<string> Facts =>
        [
            .. Bag.Entries,
            FormattableString.Invariant($"{Samples} {Options.MaximumNewTokens} {Options.Temperature} {Options.Seed}"),
            FormattableString.Invariant($"{Options.TopK} {Options.TopP} {Options.MinP} {Options.RepetitionPenalty}"),
            $"{Options.IgnoresEndOfText}",
            .. Options.StopTexts,
            Options.StopTokens is { } tokens ? $"[{string.Join(',', tokens)}]" : "",
            .. Options.Schedules.Select(schedule => schedule.Facts),
        ];

    /// <exception cref="InterventionException">The parts do not go together.</exception>
    internal void Check()
    {
        if (Samples < 1)
            throw new InterventionException($"{Samples} texts a prompt are none; give 1 or more.");
        if (Samples > 1 && Options.Temperature == 0)
            throw new InterventionException(
                $"{Samples} texts a prompt would all be the same, since the most probable token is taken; give a "
                    + "temperature above 0, or one text."
            );
    }
}
