using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>Converts between arrays and ONNX Runtime's tensors.</summary>
internal static class OrtArrays
{
    /// <summary>A tensor of the type that the model declares.</summary>
    /// <exception cref="InterventionException">
    /// The array is of another kind, or its numbers do not fit the type.
    /// </exception>
    public static OrtValue Create(NumericArray array, TensorElementType type, string name)
    {
        try
        {
            return Convert(array, type, name);
        }
        catch (OverflowException fault)
        {
            throw new InterventionException(
                $"The input '{name}' is {type} in the model, and some of the numbers given do not fit that.",
                fault
            );
        }
    }

    /// <summary>
    /// A tensor over memory of this process, which is pinned until the tensor is disposed. Nothing is copied.
    /// </summary>
    public static OrtValue Over<T>(ReadOnlyMemory<T> memory, long[] shape)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, MemoryMarshal.AsMemory(memory), shape);

    /// <summary>The elements of a tensor of 32-bit floats where ONNX Runtime holds them.</summary>
    public static ReadOnlySpan<float> Floats(OrtValue value) => value.GetTensorDataAsSpan<float>();

    private static OrtValue Convert(NumericArray array, TensorElementType type, string name)
    {
        var shape = array.Shape.Select(size => (long)size).ToArray();
        return (array.IsInteger, type) switch
        {
            (true, TensorElementType.Int64) => Over(array.IntegerMemory, shape),
            (true, TensorElementType.Int32) => Integers(array, shape, number => checked((int)number)),
            (true, TensorElementType.Int16) => Integers(array, shape, number => checked((short)number)),
            (true, TensorElementType.Int8) => Integers(array, shape, number => checked((sbyte)number)),
            (true, TensorElementType.UInt64) => Integers(array, shape, number => checked((ulong)number)),
            (true, TensorElementType.UInt32) => Integers(array, shape, number => checked((uint)number)),
            (true, TensorElementType.UInt16) => Integers(array, shape, number => checked((ushort)number)),
            (true, TensorElementType.UInt8) => Integers(array, shape, number => checked((byte)number)),
            (true, TensorElementType.Bool) => Integers(array, shape, number => number != 0),
            (false, TensorElementType.Float) => Over(array.FloatMemory, shape),
            (false, TensorElementType.Double) => Floats(array, shape, number => (double)number),
            (false, TensorElementType.Float16) => Floats(array, shape, number => (Float16)number),
            (false, TensorElementType.BFloat16) => Floats(array, shape, number => (BFloat16)number),
            _ => throw new InterventionException($"The input '{name}' is {type} in the model, but {array} was given."),
        };
    }

    /// <summary>
    /// Whether tensors of this type can be copied out: text, complex numbers and floats of 8 bits cannot.
    /// </summary>
    public static bool CanCopy(TensorElementType type) =>
        type
            is TensorElementType.Float
                or TensorElementType.Float16
                or TensorElementType.BFloat16
                or TensorElementType.Double
                or TensorElementType.Bool
                or (>= TensorElementType.UInt8 and <= TensorElementType.Int64)
                or TensorElementType.UInt32
                or TensorElementType.UInt64;

    /// <inheritdoc cref="CanCopy(TensorElementType)"/>
    public static bool CanCopy(ElementType type) => CanCopy((TensorElementType)type);

    /// <summary>The contents of a tensor of a type that <see cref="CanCopy(TensorElementType)"/> admits.</summary>
    /// <exception cref="ExecutionException">A number takes more than 63 bits.</exception>
    public static NumericArray Copy(OrtValue value, string name)
    {
        var info = value.GetTensorTypeAndShape();
        ReadOnlySpan<int> shape = [.. info.Shape.Select(size => checked((int)size))];
        return info.ElementDataType switch
        {
            TensorElementType.Float => NumericArray.Of(value.GetTensorDataAsSpan<float>().ToArray(), shape),
            TensorElementType.Int64 => NumericArray.Of(value.GetTensorDataAsSpan<long>().ToArray(), shape),
            TensorElementType.Float16 => Floats<Float16>(value, shape, number => (float)number),
            TensorElementType.BFloat16 => Floats<BFloat16>(value, shape, number => (float)number),
            TensorElementType.Double => Floats<double>(value, shape, number => (float)number),
            TensorElementType.Int32 => Integers<int>(value, shape, number => number),
            TensorElementType.Int16 => Integers<short>(value, shape, number => number),
            TensorElementType.UInt16 => Integers<ushort>(value, shape, number => number),
            TensorElementType.UInt32 => Integers<uint>(value, shape, number => number),
            TensorElementType.UInt64 => Integers<ulong>(value, shape, number => Signed(number, name)),
            TensorElementType.UInt8 => Integers<byte>(value, shape, number => number),
            TensorElementType.Int8 => Integers<sbyte>(value, shape, number => number),
            TensorElementType.Bool => Integers<bool>(value, shape, number => number ? 1 : 0),
            _ => throw new UnreachableException($"'{name}' is {info.ElementDataType}, which nobody should ask for."),
        };
    }

    private static long Signed(ulong number, string name) =>
        number <= long.MaxValue
            ? (long)number
            : throw new ExecutionException($"The output '{name}' has the number {number}, which takes 64 bits.");

    private static OrtValue Integers<T>(NumericArray array, long[] shape, Converter<long, T> convert)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(array.Integers.ToArray(), convert), shape);

    private static OrtValue Floats<T>(NumericArray array, long[] shape, Converter<float, T> convert)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(array.Floats.ToArray(), convert), shape);

    private static NumericArray Floats<T>(OrtValue value, ReadOnlySpan<int> shape, Converter<T, float> convert)
        where T : unmanaged =>
        NumericArray.Of(Array.ConvertAll(value.GetTensorDataAsSpan<T>().ToArray(), convert), shape);

    private static NumericArray Integers<T>(OrtValue value, ReadOnlySpan<int> shape, Converter<T, long> convert)
        where T : unmanaged =>
        NumericArray.Of(Array.ConvertAll(value.GetTensorDataAsSpan<T>().ToArray(), convert), shape);
}
