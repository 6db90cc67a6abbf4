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
            (false, TensorElementType.BFloat16) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Floats.ToArray(), number => (BFloat16)number), shape),
            (false, TensorElementType.Double) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Floats.ToArray(), number => (double)number), shape),
            (true, TensorElementType.UInt8) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Integers.ToArray(), number => checked((byte)number)), shape),
            (true, TensorElementType.Int8) => OrtValue.CreateTensorValueFromMemory(
                Array.ConvertAll(array.Integers.ToArray(), number => checked((sbyte)number)), shape),
            _ => throw new InterventionException($"The input '{name}' is {type} in the model, but {array} was given."),
        };
    }

    /// <summary>The tensor's contents, copied out.</summary>
    /// <exception cref="InterventionException">The tensor holds no numbers that an array can hold.</exception>
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
            TensorElementType.BFloat16 => NumericArray.Of(
                Array.ConvertAll(value.GetTensorDataAsSpan<BFloat16>().ToArray(), number => (float)number), shape),
            TensorElementType.Double => NumericArray.Of(
                Array.ConvertAll(value.GetTensorDataAsSpan<double>().ToArray(), number => (float)number), shape),
            TensorElementType.Int32 => NumericArray.Of(Array.ConvertAll(value.GetTensorDataAsSpan<int>().ToArray(), number => (long)number), shape),
            TensorElementType.UInt8 => NumericArray.Of(Array.ConvertAll(value.GetTensorDataAsSpan<byte>().ToArray(), number => (long)number), shape),
            TensorElementType.Int8 => NumericArray.Of(Array.ConvertAll(value.GetTensorDataAsSpan<sbyte>().ToArray(), number => (long)number), shape),
            TensorElementType.Bool => NumericArray.Of(Array.ConvertAll(value.GetTensorDataAsSpan<bool>().ToArray(), mark => mark ? 1L : 0), shape),
            _ => throw new InterventionException($"The output '{name}' is {info.ElementDataType}, which cannot be read."),
        };
    }
}
