using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>What one prompt's two runs hold.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Logits">The clean and the corrupt run's logits where the metric is measured.</param>
/// <param name="Clean">The clean run's values, <c>[position, width]</c>.</param>
/// <param name="Sent">What each sender adds in the clean run, <c>[position × width]</c>, without biases.</param>
/// <param name="Differences">What each adds in the corrupt run, less that.</param>
internal sealed record PromptStreams(
    StudyPrompt Prompt,
    ImmutableArray<float[]> Logits,
    ImmutableDictionary<ComponentAddress, NumericArray> Clean,
    ImmutableArray<float[]> Sent,
    ImmutableArray<float[]> Differences
)
{
    /// <summary>How many tokens the prompt has.</summary>
    public int Length => Prompt.Length;

    /// <summary>One array less another.</summary>
    public static float[] Less(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var difference = new float[one.Length];
        TensorPrimitives.Subtract(one, other, difference);
        return difference;
    }
}
