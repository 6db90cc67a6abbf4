using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Metrics;

/// <summary>What a metric reads: the logits of one run at one position.</summary>
/// <param name="logits">The run's logits, <c>[vocabulary]</c>.</param>
/// <param name="reference">The clean run's logits, <c>[vocabulary]</c>.</param>
/// <param name="prompt">The prompt, with its answers.</param>
public readonly ref struct MetricReading(ReadOnlySpan<float> logits, ReadOnlySpan<float> reference, StudyPrompt prompt)
{
    /// <summary>The run's logits, <c>[vocabulary]</c>.</summary>
    public ReadOnlySpan<float> Logits { get; } = logits;

    /// <summary>The clean run's logits, <c>[vocabulary]</c>.</summary>
    public ReadOnlySpan<float> Reference { get; } = reference;

    /// <summary>The prompt, with its answers.</summary>
    public StudyPrompt Prompt { get; } = prompt;

    /// <summary>The logit of the right answer.</summary>
    public float AnswerLogit => Logits[Prompt.Answer!.Value];

    /// <summary>The logit of the wrong answer.</summary>
    public float WrongLogit => Logits[Prompt.Wrong!.Value];
}
