using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>Values of a component as the tensor that holds it, with which a part of a model begins.</summary>
internal static class StartArrays
{
    /// <summary>The tensor.</summary>
    /// <param name="source">Where the component is.</param>
    /// <param name="values">Its values, <c>[example, position, width]</c>.</param>
    public static NumericArray Of(ComponentSource source, NumericArray values)
    {
        var (examples, positions, width) = (values.Shape[0], values.Shape[1], values.Shape[2]);
        return source switch
        {
            SplitHeadsSource split => values.Reshape(examples, positions, split.Heads, split.HeadWidth),
            FlatSource => values.Reshape(examples * positions, width),
            _ => values,
        };
    }
}
