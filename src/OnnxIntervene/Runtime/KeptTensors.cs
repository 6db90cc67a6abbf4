using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Tensors that stay in ONNX Runtime from one run to the next: fed to inputs as they are, or memory that outputs are
/// written into. Whoever puts values in owns them; the memory is its own.
/// </summary>
internal sealed class KeptTensors : IDisposable
{
    private const int Alignment = 64;
    private readonly Dictionary<string, OrtValue> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtValue> _outputs = new(StringComparer.Ordinal);
    private readonly List<OrtValue> _memory = [];
    private nint _block;

    /// <summary>Feeds what an earlier run computed.</summary>
    public void Feed(string input, TensorValue value) => _inputs[input] = value.Value;

    /// <summary>
    /// Feeds memory to inputs, and has outputs written into the same memory, until this is disposed. What is in the
    /// memory is left as it is: a system gives memory when it is first written, and most texts end early.
    /// </summary>
    /// <remarks>
    /// One block for all, since a large one goes back to the system when it is freed; smaller ones stay in the heap, in
    /// pieces.
    /// </remarks>
    /// <param name="pairs">The inputs and outputs, with their element type and shape.</param>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public void Share(IReadOnlyList<(string Input, string Output, ElementType Type, ImmutableArray<int> Shape)> pairs)
    {
        var sizes = pairs.Select(pair => ByteCount(pair.Type, pair.Shape)).ToList();
        var at = Align(_block = Allocate(sizes.Aggregate((long)Alignment, (sum, size) => checked(sum + size))));
        foreach (var ((input, output, type, shape), size) in pairs.Zip(sizes))
        {
            var memory = OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance,
                (TensorElementType)type,
                [.. shape.Select(length => (long)length)],
                at,
                size
            );
            _memory.Add(memory);
            _inputs[input] = memory;
            _outputs[output] = memory;
            at += (nint)size;
        }
    }

    /// <summary>
    /// Puts the first positions of what another one holds for an input where this one holds it, or into memory of its
    /// own where there is none yet.
    /// </summary>
    /// <param name="input">The input, <c>[batch, heads, position, width]</c>.</param>
    /// <param name="other">Where it is copied from.</param>
    /// <param name="count">How many positions.</param>
    public void Take(string input, KeptTensors other, int count)
    {
        var source = other._inputs[input];
        var info = source.GetTensorTypeAndShape();
        long[] shape = [.. info.Shape];
        if (!_inputs.TryGetValue(input, out var target))
        {
            target = OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance,
                info.ElementDataType,
                [shape[0], shape[1], count, shape[3]]
            );
            _memory.Add(target);
            _inputs[input] = target;
        }

        CopyRows(source, target, (int)(shape[0] * shape[1]), (int)shape[2], count);
    }

    // A row is a head's positions one after the other.
    private static void CopyRows(OrtValue source, OrtValue target, int rows, int length, int count)
    {
        var from = source.GetTensorMutableRawData();
        var to = target.GetTensorMutableRawData();
        var unit = from.Length / rows / length;
        for (var row = 0; row < rows; row++)
            from.Slice(row * length * unit, count * unit).CopyTo(to[(row * (to.Length / rows))..]);
    }

    /// <summary>Adds all of them to a run.</summary>
    public void AddTo(RunBinding binding)
    {
        foreach (var (name, value) in _inputs)
            binding.Refer(name, value);
        foreach (var (name, value) in _outputs)
            binding.Place(name, value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _memory)
            value.Dispose();
        Marshal.FreeHGlobal(_block);
        _block = 0;
    }

    // Whole lines of the processor's cache.
    private static long ByteCount(ElementType type, ImmutableArray<int> shape)
    {
        var width = (type.BitWidth() + 7) / 8;
        var count = SizeProduct.ToMake(width, "The cache", shape.AsSpan());
        return (((long)count * width) + Alignment - 1) & -Alignment;
    }

    private static nint Align(nint address) => (address + Alignment - 1) & -Alignment;

    private static nint Allocate(long size)
    {
        try
        {
            return Marshal.AllocHGlobal((nint)size);
        }
        catch (OutOfMemoryException fault)
        {
            throw new InterventionException(
                $"There is no memory for a cache of {size:N0} bytes; ask for fewer new tokens, or fewer texts at once.",
                fault
            );
        }
    }
}
