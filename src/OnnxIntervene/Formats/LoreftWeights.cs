using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// One LoReFT intervention (Wu et al. 2024), by pyreft's names: <c>h + (W h + b − h R) Rᵀ</c> on a component of width
/// d.
/// </summary>
/// <param name="Rotation">R, <c>rotate_layer</c>, <c>[d, r]</c> with orthonormal columns.</param>
/// <param name="Weight">W, <c>learned_source.weight</c>, <c>[r, d]</c>.</param>
/// <param name="Bias">b, <c>learned_source.bias</c>, <c>[r]</c>.</param>
public sealed record LoreftWeights(NumericArray Rotation, NumericArray Weight, NumericArray Bias)
{
    /// <summary>Reads a file that pyreft saved (<c>intkey_….bin</c>).</summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a file of torch.save, or arrays are missing, do not fit one another, or are not finite.
    /// </exception>
    public static LoreftWeights Read(string path) =>
        From(TorchFile.Read(path).ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Array), path);

    /// <summary>Takes the arrays by their names.</summary>
    /// <param name="arrays">The arrays.</param>
    /// <param name="origin">Where they come from, for messages.</param>
    /// <param name="prefix">The prefix of each name, such as <c>"loreft/0/"</c>.</param>
    /// <exception cref="ModelFormatException">
    /// Arrays are missing, do not fit one another, or are not finite.
    /// </exception>
    public static LoreftWeights From(
        IReadOnlyDictionary<string, NumericArray> arrays,
        string origin,
        string prefix = ""
    )
    {
        var reader = new NamedArrays(arrays, origin);
        var rotation = reader.Floats(prefix + "rotate_layer", null, null);
        var (width, rank) = (rotation.Shape[0], rotation.Shape[1]);
        return new LoreftWeights(
            rotation,
            reader.Floats(prefix + "learned_source.weight", rank, width),
            reader.Floats(prefix + "learned_source.bias", rank)
        );
    }
}
