using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies;

/// <summary>
/// What makes the numbers of an experiment mean little: the model does not answer as it was supposed to, or the two
/// runs
/// that everything is compared with hardly differ.
/// </summary>
public static class ExperimentWarnings
{
    // Odds that change by a tenth; beside them, what a patch restores is noise.
    private const float SmallestLogits = 0.1f;
    private const float SmallestProbability = 0.01f;

    /// <summary>
    /// The warnings of a trace, a sentence or two each; none where its numbers can be read as they are.
    /// </summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="result">What was measured.</param>
    /// <param name="tokenText">Spells tokens, such as <c>LoadedModel.TokenText</c>.</param>
    public static ImmutableArray<string> Of(
        CausalTraceRequest request,
        CausalTraceResult result,
        Func<int, string> tokenText
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(tokenText);
        var (clean, corrupted) = (result.CleanProbability, result.CorruptedProbability);
        return
        [
            .. NotTop("clean", "answer", request.Answer, result.CleanTop, tokenText),
            .. clean <= corrupted
                ?
                [
                    $"The noise does not lower the answer's probability: {Share(clean)} clean, {Share(corrupted)} "
                        + "corrupted. There is nothing to restore; choose another subject or answer, or more noise.",
                ]
            : clean - corrupted < SmallestProbability
                ?
                [
                    $"The answer's probability is {Share(clean)} clean and {Share(corrupted)} corrupted. That is "
                        + "next to nothing to restore, and the pictures show noise.",
                ]
            : Array.Empty<string>(),
        ];
    }

    /// <summary>The warnings of a patching sweep.</summary>
    /// <inheritdoc cref="Of(CausalTraceRequest, CausalTraceResult, Func{int, string})"/>
    public static ImmutableArray<string> Of(
        PatchSweepRequest request,
        PatchSweepResult result,
        Func<int, string> tokenText
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(tokenText);
        var (clean, corrupt) = (result.CleanDifference, result.CorruptDifference);
        return
        [
            .. NotTop("clean", "answer", request.Answer, result.CleanTop, tokenText),
            .. NotTop("corrupt", "wrong answer", request.Wrong, result.CorruptTop, tokenText),
            .. clean <= corrupt
                ?
                [
                    $"The clean run is not better than the corrupt one: the logit difference is {Logits(clean)} clean "
                        + $"and {Logits(corrupt)} corrupt. A restored share of 1 is then a step away from the answer; "
                        + "were the prompts or the answers exchanged?",
                ]
                : Array.Empty<string>(),
            .. Math.Abs(clean - corrupt) < SmallestLogits
                ?
                [
                    $"The logit difference is {Logits(clean)} clean and {Logits(corrupt)} corrupt. Normalised values "
                        + "are divided by the difference of the two, which is near zero, and show noise.",
                ]
                : Array.Empty<string>(),
        ];
    }

    private static IEnumerable<string> NotTop(
        string run,
        string role,
        int wanted,
        TopAnswer? top,
        Func<int, string> tokenText
    ) =>
        top is null || top.Id == wanted
            ? []
            :
            [
                $"The {run} run's own answer is '{tokenText(top.Id)}' ({Share(top.Probability)}), not the {role} "
                    + $"'{tokenText(wanted)}'.",
            ];

    private static string Share(float probability) => probability.ToString("P2", CultureInfo.InvariantCulture);

    private static string Logits(float difference) => difference.ToString("F3", CultureInfo.InvariantCulture);
}
