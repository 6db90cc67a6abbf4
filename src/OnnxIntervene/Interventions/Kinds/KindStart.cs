using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>What a fresh intervention is made from.</summary>
/// <param name="Width">Elements of a row of the kind; 0 where unknown.</param>
/// <param name="Rank">The rank of a low-rank kind; 0 where none was asked for.</param>
/// <param name="Seed">What random parameters are drawn from.</param>
internal sealed record KindStart(int Width, int Rank = 0, uint Seed = 0)
{
    // Numbers as they are drawn, their columns, the basis and the result, in doubles and floats.
    private const int BytesPerElement = 40;

    /// <summary>A constant source that the caller gave; null for none.</summary>
    public NumericArray? Source { get; init; }

    /// <summary>One number repeated, <c>[length]</c>.</summary>
    public static NumericArray Filled(int length, float content)
    {
        var numbers = new float[length];
        Array.Fill(numbers, content);
        return NumericArray.Of(numbers, length);
    }

    /// <summary>Throws when there is no memory for a rotation; how many elements it has.</summary>
    public static int CheckRotation(int width, int columns) =>
        SizeProduct.ToMake(BytesPerElement, "A fresh rotation", width, columns);

    /// <summary>A random matrix with orthonormal columns, <c>[width, columns]</c>.</summary>
    public NumericArray Rotation(int columns)
    {
        var drawn = new NumpyRandom(Seed).StandardNormal(CheckRotation(Width, columns));
        return Orthonormalization.Columns(
            NumericArray.Of(Array.ConvertAll(drawn, number => (float)number), Width, columns)
        );
    }
}
