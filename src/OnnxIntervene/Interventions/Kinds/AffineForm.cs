using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// What a kind makes of a unit where that is an affine map: x ∘ scale + (x D) U + shift. Weights before or after the
/// unit can take it in.
/// </summary>
/// <param name="Scale">What each element is multiplied with, <c>[width]</c>.</param>
/// <param name="Shift">What is added, <c>[width]</c>.</param>
internal sealed record AffineForm(float[] Scale, float[] Shift)
{
    /// <summary>D, <c>[width, rank]</c>; empty for rank 0.</summary>
    public double[,] Down { get; init; } = new double[0, 0];

    /// <summary>U, <c>[rank, width]</c>.</summary>
    public double[,] Up { get; init; } = new double[0, 0];

    /// <summary>The rank of what is added.</summary>
    public int Rank => Up.GetLength(0);

    /// <summary>Whether x is kept, and only something added.</summary>
    public bool IsShift => Rank == 0 && Array.TrueForAll(Scale, factor => factor == 1);

    /// <summary>Whether elements are only multiplied.</summary>
    public bool IsScaling => Rank == 0 && Array.TrueForAll(Shift, number => number == 0);

    /// <summary>A constant in place of the chosen elements.</summary>
    public static AffineForm Replacing(AffineInputs inputs, float[] constant) =>
        new(inputs.PerElement(_ => 0, 1), inputs.PerElement(index => constant[index], 0));

    /// <summary>A constant added to the chosen elements.</summary>
    public static AffineForm Adding(AffineInputs inputs, Func<int, float> constant) =>
        new(inputs.PerElement(_ => 1, 1), inputs.PerElement(constant, 0));
}

/// <summary>What an affine form is made of.</summary>
/// <param name="Width">Elements of a unit.</param>
/// <param name="Parameters">The kind's parameters by name.</param>
/// <param name="Source">The source times its coefficient; null where the kind has none.</param>
/// <param name="Mask">Which dimensions of the kind's space are changed; default for all.</param>
internal sealed record AffineInputs(
    int Width,
    ImmutableDictionary<string, NumericArray> Parameters,
    float[]? Source,
    ImmutableArray<bool> Mask
)
{
    /// <summary>Whether a dimension of the kind's space is changed.</summary>
    public bool IsChosen(int dimension) => Mask.IsDefault || Mask[dimension];

    /// <summary>A number for each element of a unit: one where it is changed, another where it is not.</summary>
    public float[] PerElement(Func<int, float> chosen, float otherwise) =>
        [.. Enumerable.Range(0, Width).Select(index => IsChosen(index) ? chosen(index) : otherwise)];
}
