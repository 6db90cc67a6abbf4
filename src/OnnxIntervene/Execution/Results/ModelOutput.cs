using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>What a model gave.</summary>
/// <param name="Logits">
/// The first output, whatever its name; for language models the logits <c>[batch, position, vocabulary]</c>.
/// </param>
public sealed record ModelOutput(NumericArray Logits)
{
    /// <summary>
    /// The logits of one example at one position, the last one when <paramref name="position"/> is negative.
    /// </summary>
    public ReadOnlyMemory<float> LogitsAt(int example, int position)
    {
        var (length, width) = (Logits.Shape[1], Logits.Shape[2]);
        var index = position < 0 ? length + position : position;
        return Logits.FloatMemory.Slice(((example * length) + index) * width, width);
    }
}
