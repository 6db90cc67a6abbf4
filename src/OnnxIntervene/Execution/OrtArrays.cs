using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>Between arrays and ONNX Runtime's tensors.</summary>
internal static class OrtArrays
{
    /// <summary>A tensor of the type that the model declares.</summary>
    public static OrtValue Create(NumericArray array, TensorElementType type, string name)
    {
        var shape = array.Shape.Select(size => (long)size).ToArray();
        return (array.IsInteger, type) switch
        {
            (true, TensorElementType.Int64) => OrtValue.CreateTensorValueFromMemory(array.Integers.ToArray(), shape),
            (true, TensorElementType.Int32) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Integers.ToArray(), number => checked((int)number)), shape),
            (true, TensorElementType.Bool) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Integers.ToArray(), number => number != 0), shape),
            (false, TensorElementType.Float) => OrtValue.CreateTensorValueFromMemory(array.Floats.ToArray(), shape),
            (false, TensorElementType.Float16) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Floats.ToArray(), number => (Float16)number), shape),
            _ => throw new InterventionException($"The input '{name}' is {type} in the model, but {array} was given."),
        };
    }

    /// <summary>The tensor's contents, copied out.</summary>
    /// <exception cref="InterventionException">The tensor holds neither 32-bit floats nor 64-bit integers.</exception>
    public static NumericArray Copy(OrtValue value, string name)
    {
        var info = value.GetTensorTypeAndShape();
        ReadOnlySpan<int> shape = [.. info.Shape.Select(size => checked((int)size))];
        return info.ElementDataType switch
        {
            TensorElementType.Float => NumericArray.Of(value.GetTensorDataAsSpan<float>().ToArray(), shape),
            TensorElementType.Int64 => NumericArray.Of(value.GetTensorDataAsSpan<long>().ToArray(), shape),
            TensorElementType.Float16 => NumericArray.Of(
                Array.ConvertAll(value.GetTensorDataAsSpan<Float16>().ToArray(), number => (float)number), shape),
            _ => throw new InterventionException($"The output '{name}' is {info.ElementDataType}, which cannot be read."),
        };
    }
}
