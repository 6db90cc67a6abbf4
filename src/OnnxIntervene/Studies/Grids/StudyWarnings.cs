using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// What makes the numbers of a study mean little: the model does not answer as it was supposed to, or the runs that
/// everything is compared with hardly differ.
/// </summary>
public static class StudyWarnings
{
    /// <summary>
    /// The warnings of a study, a sentence or two each; none where its numbers can be read as they are.
    /// </summary>
    /// <param name="prompts">The study's prompts.</param>
    /// <param name="result">What was measured.</param>
    /// <param name="tokenText">Spells tokens, such as <c>LoadedModel.TokenText</c>.</param>
    public static ImmutableArray<string> Of(
        ImmutableArray<StudyPrompt> prompts,
        GridResult result,
        Func<int, string> tokenText
    )
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(tokenText);
        return
        [
            .. NotTop("clean", "answer", [.. prompts.Select(prompt => prompt.Answer)], result, 0, tokenText),
            .. result.CorruptRuns == CorruptRuns.Prompts
                ? NotTop("corrupt", "wrong answer", [.. prompts.Select(prompt => prompt.Wrong)], result, 1, tokenText)
                : [],
            .. result.CorruptRuns != CorruptRuns.None ? Differences(result.Metrics[0], result) : [],
        ];
    }

    private static IEnumerable<string> Differences(Metric metric, GridResult result)
    {
        var (clean, corrupt) = (result.Clean().Mean, result.Corrupt().Mean);
        if (metric.RisesWithAnswer && clean <= corrupt)
            yield return $"The clean run is not better than the corrupt one: the {metric.Title} is "
                + $"{Shown(metric, clean)} "
                + $"clean and {Shown(metric, corrupt)} corrupt. A restored share of 1 is then a step away from the "
                + "answer; were the prompts or the answers exchanged, or is the noise too small?";
        if (Math.Abs(clean - corrupt) < metric.SmallestDifference)
            yield return $"The {metric.Title} is {Shown(metric, clean)} clean and {Shown(metric, corrupt)} corrupt. "
                + "That "
                + "is next to nothing to restore: normalised values are divided by it, and show noise.";
    }

    private static IEnumerable<string> NotTop(
        string run,
        string role,
        ImmutableArray<int?> wanted,
        GridResult result,
        int index,
        Func<int, string> tokenText
    )
    {
        var others = Enumerable
            .Range(0, wanted.Length)
            .Where(prompt => wanted[prompt] is { } token && result.Prompts[prompt].Tops[index].Id != token)
            .ToList();
        if (others.Count == 0)
            return [];
        var top = result.Prompts[others[0]].Tops[index];
        return
        [
            wanted.Length == 1
                ? $"The {run} run's own answer is '{tokenText(top.Id)}' ({Share(top.Probability)}), not the {role} "
                    + $"'{tokenText(wanted[0]!.Value)}'."
                : $"In {others.Count} of {wanted.Length} prompts the {run} run's own answer is not the {role}: prompt "
                    + $"{others[0] + 1} answers '{tokenText(top.Id)}' ({Share(top.Probability)}), not "
                    + $"'{tokenText(wanted[others[0]]!.Value)}'.",
        ];
    }

    private static string Shown(Metric metric, double value) =>
        metric == Metric.Probability ? Share(value) : value.ToString("F3", CultureInfo.InvariantCulture);

    private static string Share(double probability) => probability.ToString("P2", CultureInfo.InvariantCulture);
}
