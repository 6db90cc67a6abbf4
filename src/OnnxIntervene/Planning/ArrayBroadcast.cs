using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>Broadcasts arrays along axes of size 1, as NumPy does.</summary>
internal static class ArrayBroadcast
{
    /// <summary>Whether the array broadcasts to the shape.</summary>
    public static bool Fits(NumericArray array, ReadOnlySpan<int> shape)
    {
        var missing = shape.Length - array.Shape.Length;
        for (var axis = missing; axis >= 0 && axis < shape.Length; axis++)
        {
            if (array.Shape[axis - missing] != shape[axis] && array.Shape[axis - missing] != 1)
                return false;
        }

        return missing >= 0;
    }

    /// <summary>The array in the shape, or null when it does not broadcast to it.</summary>
    public static float[]? To(NumericArray array, ReadOnlySpan<int> shape)
    {
        var missing = shape.Length - array.Shape.Length;
        if (missing < 0)
            return null;
        var strides = new int[shape.Length];
        var stride = 1;
        for (var axis = shape.Length - 1; axis >= missing; axis--)
        {
            var size = array.Shape[axis - missing];
            if (size != shape[axis] && size != 1)
                return null;
            strides[axis] = size == 1 ? 0 : stride;
            stride *= size;
        }

        return Gather(array.Floats, shape, strides);
    }

    private static float[] Gather(ReadOnlySpan<float> values, ReadOnlySpan<int> shape, int[] strides)
    {
        var count = SizeProduct.ToMake(sizeof(float), "The source, stretched to", shape);
        var result = new float[count];
        for (var index = 0; index < count; index++)
        {
            var (rest, offset) = (index, 0);
            for (var axis = shape.Length - 1; axis >= 0; axis--)
            {
                offset += rest % shape[axis] * strides[axis];
                rest /= shape[axis];
            }

            result[index] = values[offset];
        }

        return result;
    }
}
