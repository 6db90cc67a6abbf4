using OnnxIntervene.Execution.Results;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps;

/// <summary>
/// Reads the logits at the position where experiments look for their answers: usually the last token.
/// </summary>
/// <param name="prompt">The prompt.</param>
/// <param name="position">The position; null for the last token that the mask keeps.</param>
internal sealed class AnswerLogits(ModelInputs prompt, int? position = null)
{
    private readonly int _last = position ?? LastTokens.Of(prompt)[0];

    /// <summary>The logits of a row, which is the prompt, intervened on or not.</summary>
    public ReadOnlySpan<float> Of(NumericArray logits, int row) =>
        logits.RowAt(row, logits.Shape[1] == prompt.Length ? _last : -1).Span;

    /// <summary>
    /// Throws unless the model's first output holds logits of tokens, and the answers are among these.
    /// </summary>
    /// <exception cref="InterventionException">The model is not a language model, or a token is beyond it.</exception>
    public static void Require(NumericArray logits, string output, params ReadOnlySpan<int> answers)
    {
        if (logits is not { IsInteger: false, Shape: [_, > 0, var width] })
            throw new InterventionException(
                $"The experiment measures logits of tokens, [batch, position, vocabulary], but the model's output "
                    + $"'{output}' is {logits}. Use a language model."
            );
        foreach (var answer in answers)
        {
            if (answer >= width)
                throw new InterventionException(
                    $"The answer's token id is {answer}, but the model's output '{output}' has {width} tokens: 0 to "
                        + $"{width - 1}."
                );
        }
    }
}
