using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>Rows of logits <c>[batch, position, vocabulary]</c>.</summary>
public static class LogitRows
{
    /// <summary>
    /// The logits of one example at one position, the last one when <paramref name="position"/> is negative. The memory
    /// is shared.
    /// </summary>
    public static ReadOnlyMemory<float> RowAt(this NumericArray logits, int example, int position)
    {
        ArgumentNullException.ThrowIfNull(logits);
        var (length, width) = (logits.Shape[1], logits.Shape[2]);
        var index = position < 0 ? length + position : position;
        return logits.FloatMemory.Slice(((example * length) + index) * width, width);
    }

    /// <summary>The logits at chosen positions, <c>[batch, chosen, vocabulary]</c>.</summary>
    /// <param name="logits">The logits at all positions.</param>
    /// <param name="positions">Integers <c>[batch, chosen]</c>.</param>
    internal static NumericArray At(this NumericArray logits, NumericArray positions)
    {
        var (batch, chosen, width) = (positions.Shape[0], positions.Shape[1], logits.Shape[^1]);
        var rows = new float[batch * chosen * width];
        for (var row = 0; row < batch * chosen; row++)
            logits.RowAt(row / chosen, (int)positions.Integers[row]).CopyTo(rows.AsMemory(row * width));
        return NumericArray.Of(rows, batch, chosen, width);
    }
}
