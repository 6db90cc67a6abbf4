using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// What an attention's output is multiplied by, dimension by dimension, before it is added to the stream: by one
/// number, or by the gains of an RMSNorm over the output's own root mean square, which is then held fixed.
/// </summary>
internal static class AddedScale
{
    private const double Tolerance = 1e-3;

    /// <summary>The factors at a position, measured on what was output and what was added.</summary>
    /// <param name="address">The attention's output.</param>
    /// <param name="outputs">What it output at each position of a prompt.</param>
    /// <param name="parts">What was added at each.</param>
    /// <param name="position">The position.</param>
    /// <exception cref="InterventionException">Something else stands between.</exception>
    public static float[] Of(
        ComponentAddress address,
        IReadOnlyList<ReadOnlyMemory<float>> outputs,
        IReadOnlyList<ReadOnlyMemory<float>> parts,
        int position
    )
    {
        var output = outputs[position].Span;
        var part = parts[position].Span;
        var constant = new float[output.Length];
        Array.Fill(constant, (float)(FrozenHead.Dot(output, part) / FrozenHead.Dot(output, output)));
        if (Explains(constant, output, part))
            return constant;

        // At one position alone, any factors would do.
        var gains = Gains(outputs, parts, Length(output));
        return outputs.Count > 1 && Explains(gains, output, part)
            ? gains
            : throw new InterventionException(
                $"{address} is neither scaled by a number nor, in a prompt of several tokens, normalised to its root "
                    + "mean square before it is added, so that what single heads add cannot be told."
            );
    }

    /// <summary>A vector times factors, dimension by dimension.</summary>
    public static float[] Times(ReadOnlySpan<float> vector, float[] factors)
    {
        var product = new float[vector.Length];
        TensorPrimitives.Multiply(vector, factors, product);
        return product;
    }

    // The gains are the same at every position, so that all of them tell: least squares of part = gain · output /
    // length.
    private static float[] Gains(
        IReadOnlyList<ReadOnlyMemory<float>> outputs,
        IReadOnlyList<ReadOnlyMemory<float>> parts,
        double length
    )
    {
        var (products, squares) = (new double[outputs[0].Length], new double[outputs[0].Length]);
        for (var position = 0; position < outputs.Count; position++)
        {
            var output = outputs[position].Span;
            var part = parts[position].Span;
            var own = Length(output);
            for (var index = 0; index < output.Length; index++)
            {
                products[index] += part[index] * (output[index] / own);
                squares[index] += output[index] / own * (output[index] / own);
            }
        }

        return [.. products.Zip(squares, (product, square) => square == 0 ? 0 : (float)(product / square / length))];
    }

    private static bool Explains(float[] factors, ReadOnlySpan<float> output, ReadOnlySpan<float> part) =>
        StreamSum.Distance([Times(output, factors)], part) <= Tolerance;

    private static double Length(ReadOnlySpan<float> vector) => Math.Sqrt(FrozenHead.Dot(vector, vector));
}
