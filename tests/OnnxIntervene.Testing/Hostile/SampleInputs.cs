using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Testing.Hostile;

/// <summary>Small inputs for whatever a model declares.</summary>
internal static class SampleInputs
{
    private const int OpenSize = 4;
    private const int LargestSize = 4096;

    /// <summary>An array for each input that can be told: one example, four of everything else that is open.</summary>
    public static ModelInputs Of(Model model)
    {
        var arrays = ImmutableDictionary<string, NumericArray>.Empty;
        foreach (var input in model.Graph.Inputs.Where(input => !input.IsConstant))
        {
            if (input.Type is { Shape: { } shape } type && !input.Name.StartsWith("past_key", StringComparison.Ordinal))
                arrays = arrays.SetItem(input.Name, Array(type.ElementType, [.. shape.Dimensions.Select(Size)]));
        }

        return new ModelInputs(arrays);
    }

    private static int Size(Dimension dimension, int axis) =>
        dimension.Size is { } size ? (int)Math.Clamp(size, 0, LargestSize)
        : axis == 0 ? 1
        : OpenSize;

    private static NumericArray Array(ElementType type, int[] shape)
    {
        while (shape.Aggregate(1L, (product, size) => product * size) > LargestSize * LargestSize / 16)
            shape[System.Array.IndexOf(shape, shape.Max())] = 1;
        var count = shape.Aggregate(1, (product, size) => product * size);
        return type is ElementType.Float32 or ElementType.Float16 or ElementType.Float64 or ElementType.BFloat16
            ? NumericArray.Of(Enumerable.Range(0, count).Select(place => place % 7 * 0.1f).ToArray(), shape)
            : NumericArray.Of(Enumerable.Range(0, count).Select(place => (long)(place % 3)).ToArray(), shape);
    }
}
