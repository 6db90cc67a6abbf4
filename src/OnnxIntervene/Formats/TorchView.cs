using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>A tensor's elements out of its storage, in row-major order.</summary>
internal static class TorchView
{
    /// <summary>
    /// How many elements the view has. Checks sizes, strides and offset against the storage that is claimed; takes no
    /// memory.
    /// </summary>
    public static int Count(string name, PickleTensor tensor, string path)
    {
        if (tensor.Shape.Length != tensor.Strides.Length || tensor.Shape.Any(size => size is < 0 or > int.MaxValue))
            throw Fault("its sizes are not a shape");
        if (SizeProduct.Of(tensor.Shape.AsSpan()) is not { } count || count > Array.MaxLength)
            throw Fault("it is too large");
        Int128 last = tensor.Offset;
        foreach (var (size, stride) in tensor.Shape.Zip(tensor.Strides))
            last += (Int128)(size - 1) * stride;
        if (tensor.Shape.Contains(0))
            return 0;
        if (tensor.Offset < 0 || tensor.Strides.Any(stride => stride < 0) || last >= tensor.Storage.Count)
            throw Fault($"its elements reach to {last}, but its storage has {tensor.Storage.Count}");

        // One element viewed a billion times would take memory that the file does not have.
        return count <= tensor.Storage.Count
            ? (int)count
            : throw Fault(
                "it views elements of its storage more than once; save it with "
                    + ".clone(memory_format=torch.contiguous_format)"
            );

        ModelFormatException Fault(string what) =>
            new(
                $"'{path}', tensor '{name}': {what} "
                    + $"(shape [{string.Join(", ", tensor.Shape)}], strides [{string.Join(", ", tensor.Strides)}], "
                    + $"offset {tensor.Offset})."
            );
    }

    /// <summary>The elements' bytes. The view has been checked.</summary>
    public static ReadOnlySpan<byte> Materialize(PickleTensor tensor, ReadOnlySpan<byte> storage, int count)
    {
        var size = tensor.Storage.Type.ElementBytes;
        if (count == 0)
            return [];
        if (IsRowMajor(tensor))
            return storage.Slice((int)(tensor.Offset * size), count * size);
        var bytes = new byte[count * size];
        var index = new long[tensor.Shape.Length];
        var from = tensor.Offset;
        for (var to = 0; to < count; to++)
        {
            storage.Slice((int)(from * size), size).CopyTo(bytes.AsSpan(to * size));
            from = Advance(tensor, index, from);
        }

        return bytes;
    }

    private static bool IsRowMajor(PickleTensor tensor)
    {
        var expected = 1L;
        for (var axis = tensor.Shape.Length - 1; axis >= 0; axis--)
        {
            if (tensor.Shape[axis] != 1 && tensor.Strides[axis] != expected)
                return false;
            expected *= tensor.Shape[axis];
        }

        return true;
    }

    private static long Advance(PickleTensor tensor, long[] index, long from)
    {
        for (var axis = index.Length - 1; axis >= 0; axis--)
        {
            if (++index[axis] < tensor.Shape[axis])
                return from + tensor.Strides[axis];
            from -= (index[axis] - 1) * tensor.Strides[axis];
            index[axis] = 0;
        }

        return from;
    }
}
