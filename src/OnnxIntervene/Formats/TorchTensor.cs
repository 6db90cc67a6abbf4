using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// A tensor of a torch file: its numbers, and the type that they have there. Floats of any size are held as 32-bit
/// floats, integers and booleans as 64-bit integers.
/// </summary>
public sealed record TorchTensor(NumericArray Array, ElementType ElementType)
{
    /// <summary>A tensor of 32-bit floats or 64-bit integers, as the array holds them.</summary>
    public static TorchTensor Of(NumericArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        return new TorchTensor(array, array.IsInteger ? ElementType.Int64 : ElementType.Float32);
    }

    /// <summary>A scalar 64-bit integer, such as pyvene's <c>embed_dim</c>.</summary>
    public static TorchTensor Of(long number) => new(NumericArray.Of(new[] { number }), ElementType.Int64);
}
