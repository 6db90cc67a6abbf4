using OnnxIntervene.Components;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>Tells logits from hidden states.</summary>
internal static class OutputClassifier
{
    // What exporters call outputs that are not logits.
    private static readonly string[] s_states = ["hidden", "state", "embed", "pool", "feature"];

    public static OutputKind Of(string name, ComponentMap components, NumericArray output, ModelInputs inputs)
    {
        if (
            output.IsInteger
            || output.Length == 0
            || s_states.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase))
        )
            return OutputKind.Values;
        if (output.Shape.Length == 2)
            return OutputKind.Classes;

        // A hidden state is narrower than the vocabulary.
        var vocabulary = components.TokenEmbedding?.Dimensions[0] ?? 0;
        return
            output.Shape.Length == 3
            && inputs.Arrays.ContainsKey(ModelInputs.TokenInput)
            && output.Shape[2] >= vocabulary
            ? OutputKind.Tokens
            : OutputKind.Values;
    }
}
