using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Tracing;

/// <summary>
/// The noise of causal tracing: normal, a multiple of the standard deviation of the whole embedding matrix.
/// </summary>
public static class EmbeddingNoise
{
    /// <summary>The standard deviation over all elements of the token embedding. Reads the matrix once.</summary>
    /// <exception cref="InterventionException">The model has no embedding matrix that can be read.</exception>
    public static float StandardDeviation(ComponentMap components)
    {
        ArgumentNullException.ThrowIfNull(components);
        var matrix =
            components.TokenEmbedding
            ?? throw new InterventionException(
                "The model has no token embedding that can be read, so the size of the noise is unknown."
            );
        return Deviation(matrix.ReadFloats());
    }

    /// <summary>Seeded noise, <c>[samples, positions, width]</c>.</summary>
    public static NumericArray Create(int samples, int positions, int width, float standardDeviation, int seed)
    {
        var random = new Random(seed);
        var noise = new float[SizeProduct.ToMake(sizeof(float), "The noise", samples, positions, width)];
        for (var index = 0; index < noise.Length; index++)
            noise[index] = standardDeviation * (float)Normal(random);
        return NumericArray.Of(noise, samples, positions, width);
    }

    // In double precision: a sum over a whole vocabulary would lose digits in single precision.
    private static float Deviation(float[] values)
    {
        var mean = 0.0;
        foreach (var value in values)
            mean += value;
        mean /= values.Length;
        var squares = 0.0;
        foreach (var value in values)
            squares += (value - mean) * (value - mean);
        return (float)Math.Sqrt(squares / values.Length);
    }

    // Box-Muller 1958.
    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
