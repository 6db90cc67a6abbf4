using OnnxIntervene.Components;

namespace OnnxIntervene.Execution.Results;

/// <summary>Tells an output of hidden states or labels, which may have the shape of logits too, by its width.</summary>
internal static class TokenWidth
{
    /// <summary>
    /// Whether an output is too narrow for logits of the model's tokens. Tables and outputs may differ by the padding
    /// of one of them.
    /// </summary>
    public static bool IsTooNarrow(long width, ComponentMap components) =>
        components.Limits.Vocabulary is { } vocabulary && width < vocabulary / 2;
}
