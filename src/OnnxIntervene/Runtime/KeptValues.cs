using System.Runtime.CompilerServices;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Parameters, vectors and constants as ONNX Runtime's values: made once for an array, over the array's own memory, and
/// kept as long as the array is. Nothing is copied.
/// </summary>
internal static class KeptValues
{
    private static readonly ConditionalWeakTable<NumericArray, OrtValue> s_values = [];

    /// <summary>The value of an array of floats in its own shape. The caller must not dispose it.</summary>
    public static OrtValue Of(NumericArray array) =>
        s_values.GetValue(
            array,
            static array => OrtArrays.Over(array.FloatMemory, [.. array.Shape.Select(size => (long)size)])
        );
}
