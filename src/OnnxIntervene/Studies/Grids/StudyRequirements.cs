using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Grids;

/// <summary>What prompts must have for what is measured on them; checked before anything is run.</summary>
internal static class StudyRequirements
{
    /// <summary>Throws unless there are prompts, the model can take them, and they have what metrics read.</summary>
    public static void Check(LoadedModel model, ImmutableArray<StudyPrompt> prompts, ImmutableArray<Metric> metrics)
    {
        if (prompts.IsDefaultOrEmpty)
            throw new InterventionException("There are no prompts.");
        if (metrics.IsDefaultOrEmpty)
            throw new InterventionException("There are no metrics.");
        CheckEach(prompts, prompt => Check(model, prompt, metrics));
    }

    /// <summary>Checks each prompt; where there are several, a fault names its prompt.</summary>
    public static void CheckEach(ImmutableArray<StudyPrompt> prompts, Action<StudyPrompt> check)
    {
        for (var index = 0; index < prompts.Length; index++)
        {
            try
            {
                check(prompts[index]);
            }
            catch (InterventionException fault) when (prompts.Length > 1)
            {
                throw Of(index, fault);
            }
        }
    }

    /// <summary>The same fault with its prompt.</summary>
    private static InterventionException Of(int prompt, Exception fault) =>
        new($"Prompt {prompt + 1}: {fault.Message}", fault);

    /// <summary>Throws unless every prompt has a corrupt one, of the same length and other tokens.</summary>
    public static void RequireCorrupt(ImmutableArray<StudyPrompt> prompts)
    {
        for (var index = 0; index < prompts.Length; index++)
        {
            var number = prompts.Length > 1 ? $"Prompt {index + 1}: " : "";
            var (clean, corrupt) = (prompts[index].Inputs, prompts[index].Corrupt);
            if (corrupt is null)
                throw new InterventionException(
                    $"{number}The corrupt prompt is missing, which is compared with the clean one."
                );
            if (corrupt.Length != clean.Length)
                throw new InterventionException(
                    $"{number}The clean prompt has {clean.Length} tokens, the corrupt one {corrupt.Length}; they must "
                        + "be equally many."
                );
            if (SameInputs.AreEqual(clean, corrupt))
                throw new InterventionException(
                    $"{number}The clean and the corrupt prompt are the same tokens, so there is nothing to patch. "
                        + "Change one of them."
                );
        }
    }

    private static void Check(LoadedModel model, StudyPrompt prompt, ImmutableArray<Metric> metrics)
    {
        InputChecks.Check(prompt.Inputs, model.Components);
        if (prompt.Corrupt is { } corrupt)
            InputChecks.Check(corrupt, model.Components);
        if (prompt.Answer is { } answer)
            InputChecks.CheckToken(answer, model.Components, "answer");
        if (prompt.Wrong is { } wrong)
            InputChecks.CheckToken(wrong, model.Components, "wrong answer");
        if (prompt.MetricPosition is { } at && (at < 0 || at >= prompt.Length))
            throw new InterventionException(
                $"The metric is measured at position {at}, but the prompt has the positions 0 to {prompt.Length - 1}."
            );
        foreach (var metric in metrics)
        {
            if (metric.NeedsAnswer && prompt.Answer is null)
                throw new InterventionException($"The metric {metric} needs an answer, which is not given.");
            if (metric.NeedsWrong && prompt.Wrong is null)
                throw new InterventionException($"The metric {metric} needs a wrong answer, which is not given.");
            if (metric.NeedsAnswer && metric.NeedsWrong && prompt.Answer == prompt.Wrong)
                throw new InterventionException("The two answers are one token, so their logits cannot differ.");
        }
    }
}
