using System.Collections.Immutable;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// A tensor that ONNX Runtime holds. Its numbers are copied out when they are first asked for, and once. Owns native
/// memory: dispose it early, or leave it to the garbage collector.
/// </summary>
public sealed class TensorValue : IDisposable
{
    private readonly OrtValue _value;
    private readonly bool _isOnDevice;
    private readonly long _bytes;
    private readonly Lock _lock = new();
    private NumericArray? _array;
    private bool _isDisposed;

    // One on a device is only handed on: ONNX Runtime would let the process read an address of the device's.
    internal TensorValue(string name, OrtValue value, bool isOnDevice = false)
    {
        Name = name;
        _value = value;
        _isOnDevice = isOnDevice;
        var info = value.GetTensorTypeAndShape();
        Shape = [.. info.Shape];
        ElementType = (ElementType)info.ElementDataType;
        // The garbage collector does not see native memory; without this, thousands of results would pile up.
        _bytes =
            info.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.String
                ? 0
                : value.GetTensorSizeInBytes();
        if (_bytes > 0)
            GC.AddMemoryPressure(_bytes);
    }

    /// <summary>Frees the memory when the value was not disposed.</summary>
    ~TensorValue() => Release();

    /// <summary>The name of the model's output.</summary>
    public string Name { get; }

    /// <summary>The sizes, outermost first.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>
    /// The type of the elements in the model; <see cref="Array"/> holds them as 32-bit floats or 64-bit integers.
    /// </summary>
    public ElementType ElementType { get; }

    /// <summary>The numbers, copied out of ONNX Runtime when they are first asked for.</summary>
    /// <exception cref="InterventionException">The elements are neither numbers nor booleans.</exception>
    /// <exception cref="ObjectDisposedException">The value was disposed first.</exception>
    public NumericArray Array
    {
        get
        {
            lock (_lock)
            {
                if (_array is { } known)
                    return known;
                return _array = OrtArrays.Copy(Readable, Name);
            }
        }
    }

    /// <summary>The numbers as a tensor of 32-bit floats.</summary>
    /// <exception cref="InvalidOperationException">The elements are integers.</exception>
    public ReadOnlyTensorSpan<float> AsTensorSpan() => Array.AsTensorSpan();

    internal OrtValue Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _value;
        }
    }

    private OrtValue Readable =>
        _isOnDevice ? throw new InvalidOperationException($"'{Name}' is in a device's memory.") : Value;

    /// <summary>
    /// A part of a tensor of 32-bit floats, without copying the rest: what <see cref="Array"/> would hold there.
    /// </summary>
    /// <param name="start">The first element, in row-major order.</param>
    /// <param name="length">How many elements.</param>
    /// <exception cref="ObjectDisposedException">The value was disposed.</exception>
    public float[] ReadFloats(int start, int length)
    {
        lock (_lock)
        {
            if (_array is null && ElementType == ElementType.Float32)
            {
                return OrtArrays.Floats(Readable).Slice(start, length).ToArray();
            }
        }

        return Array.Floats.Slice(start, length).ToArray();
    }

    /// <summary>
    /// The numbers where ONNX Runtime holds them, valid until the value is disposed; a copy where they are no 32-bit
    /// floats.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The value was disposed.</exception>
    internal ReadOnlySpan<float> Floats =>
        ElementType == ElementType.Float32 ? OrtArrays.Floats(Readable) : Array.Floats;

    /// <summary>The numbers of some values, copied out of ONNX Runtime; the values are disposed.</summary>
    internal static ImmutableArray<NumericArray> Taken(IReadOnlyList<TensorValue> values)
    {
        try
        {
            return [.. values.Select(value => value.Array)];
        }
        finally
        {
            foreach (var value in values)
                value.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {ElementType}[{string.Join(", ", Shape)}]";

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
            Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _value.Dispose();
        if (_bytes > 0)
            GC.RemoveMemoryPressure(_bytes);
    }
}
