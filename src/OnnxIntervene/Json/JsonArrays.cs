using OnnxIntervene.Tensors;

namespace OnnxIntervene.Json;

/// <summary>Reads arrays of numbers, rows in rows.</summary>
internal static class JsonArrays
{
    /// <summary>A number as an array of one, or rows in rows that are equally long.</summary>
    public static NumericArray Array(JsonPlace place)
    {
        var shape = Shape(place);
        var numbers = new List<float>();
        place.CopyTo(numbers, shape);
        return NumericArray.Of(numbers.ToArray(), shape.Length == 0 ? [1] : shape);
    }

    /// <summary>A number, or the numbers of a list.</summary>
    public static float[] Floats(JsonPlace place)
    {
        var numbers = new List<float>();
        place.CopyTo(numbers, place.IsList ? [place.Count] : []);
        return [.. numbers];
    }

    private static int[] Shape(JsonPlace place)
    {
        var shape = new List<int>();
        for (; place.IsList; place = place[0])
        {
            if (place.Count == 0)
                throw place.Fault("the array is empty");
            shape.Add(place.Count);
        }

        return [.. shape];
    }
}
