using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Memory of this process for tensors, in one block. What is in the memory is left as it is: a system gives memory when
/// it is first written, and most texts end early.
/// </summary>
/// <remarks>
/// One block for all, since a large one goes back to the system when it is freed; smaller ones stay in the heap, in
/// pieces.
/// </remarks>
internal sealed class TensorBlock : IDisposable
{
    private const int Alignment = 64;
    private readonly List<(nint Start, long Size, TensorElementType Type)> _places = [];
    private nint _block;

    /// <param name="pairs">What there is memory for, a place each.</param>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public TensorBlock(IReadOnlyList<SharedPair> pairs)
    {
        var sizes = pairs.Select(ByteCount).ToList();
        var at = Align(_block = Allocate(sizes.Aggregate((long)Alignment, (sum, size) => checked(sum + size))));
        foreach (var (pair, size) in pairs.Zip(sizes))
        {
            _places.Add((at, size, (TensorElementType)pair.Type));
            at += (nint)size;
        }
    }

    /// <summary>A tensor at the beginning of a place. The caller disposes it before this.</summary>
    /// <param name="place">The number of the place.</param>
    /// <param name="shape">The tensor's sizes; none is larger than the place's.</param>
    public OrtValue Tensor(int place, ImmutableArray<int> shape)
    {
        var (start, size, type) = _places[place];
        long[] sizes = [.. shape.Select(length => (long)length)];
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, sizes, start, size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Marshal.FreeHGlobal(_block);
        _block = 0;
    }

    /// <summary>The bytes of a tensor, in whole lines of the processor's cache.</summary>
    internal static long ByteCount(SharedPair pair)
    {
        var width = (pair.Type.BitWidth() + 7) / 8;
        var count = SizeProduct.ToMake(width, "The cache", pair.Shape.AsSpan());
        return (((long)count * width) + Alignment - 1) & -Alignment;
    }

    /// <summary>What to say where there is not so much memory.</summary>
    internal static InterventionException Refusal(long size, Exception fault) =>
        new(
            $"There is no memory for a cache of {size:N0} bytes; ask for fewer new tokens, or fewer texts at once.",
            fault
        );

    private static nint Align(nint address) => (address + Alignment - 1) & -Alignment;

    private static nint Allocate(long size)
    {
        try
        {
            return Marshal.AllocHGlobal((nint)size);
        }
        catch (OutOfMemoryException fault)
        {
            throw Refusal(size, fault);
        }
    }
}
