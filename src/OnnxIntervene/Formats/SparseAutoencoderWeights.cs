using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// A sparse autoencoder with a threshold (JumpReLU), by the names of Gemma Scope and pyvene: m latents of a component
/// of width d.
/// </summary>
/// <param name="EncoderWeight"><c>W_enc</c>, <c>[d, m]</c>.</param>
/// <param name="EncoderBias"><c>b_enc</c>, <c>[m]</c>.</param>
/// <param name="Threshold">
/// <c>threshold</c>, <c>[m]</c>: a latent that is not above it is 0. Zeros where the file has none.
/// </param>
/// <param name="DecoderWeight"><c>W_dec</c>, <c>[m, d]</c>.</param>
/// <param name="DecoderBias"><c>b_dec</c>, <c>[d]</c>.</param>
public sealed record SparseAutoencoderWeights(
    NumericArray EncoderWeight,
    NumericArray EncoderBias,
    NumericArray Threshold,
    NumericArray DecoderWeight,
    NumericArray DecoderBias
)
{
    /// <summary>Reads a file such as Gemma Scope's <c>params.npz</c>.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a .npz file, or arrays are missing, do not fit one another, or are not finite.
    /// </exception>
    public static SparseAutoencoderWeights Read(string path) => From(NpzFile.Read(path), path);

    /// <summary>Takes the arrays by their names.</summary>
    /// <param name="arrays">The arrays.</param>
    /// <param name="origin">Where they come from, for messages.</param>
    /// <exception cref="ModelFormatException">
    /// Arrays are missing, do not fit one another, or are not finite.
    /// </exception>
    public static SparseAutoencoderWeights From(IReadOnlyDictionary<string, NumericArray> arrays, string origin)
    {
        var reader = new NamedArrays(arrays, origin);
        var encoder = reader.Floats("W_enc", null, null);
        var (width, latents) = (encoder.Shape[0], encoder.Shape[1]);
        return new SparseAutoencoderWeights(
            encoder,
            reader.Floats("b_enc", latents),
            reader.Has("threshold")
                ? reader.Floats("threshold", latents)
                : NumericArray.Of(new float[latents], latents),
            reader.Floats("W_dec", latents, width),
            reader.Floats("b_dec", width)
        );
    }
}
