using System.Collections.Immutable;
using OnnxIntervene.Baking.Removal;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Baking;

/// <summary>Arrays of the original as a smaller model has them.</summary>
internal static class RemovedEntries
{
    /// <summary>What stays of an array.</summary>
    public static NumericArray Of(NumericArray array, AxisMark? mark)
    {
        if (mark is null || array.IsInteger || mark.Axis >= array.Shape.Length)
            return array;
        var sizes = array.Shape.ToArray();
        if (mark.Repeats || sizes[mark.Axis] != mark.Size)
            return array;
        var kept = mark.Keep(array.Floats, [.. sizes.Select(size => (long)size)]);
        sizes[mark.Axis] = mark.Kept.Length;
        return NumericArray.Of(kept, sizes);
    }

    /// <summary>What stays of inputs.</summary>
    public static ModelInputs Of(ModelInputs inputs, ImmutableDictionary<string, AxisMark> marks) =>
        marks.IsEmpty
            ? inputs
            : ModelInputs.Of(
                inputs.Arrays.Select(array =>
                    KeyValuePair.Create(array.Key, Of(array.Value, marks.GetValueOrDefault(array.Key)))
                )
            );
}
