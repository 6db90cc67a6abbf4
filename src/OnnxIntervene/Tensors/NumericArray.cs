using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tensors;

/// <summary>
/// An n-dimensional array of 32-bit floats or of 64-bit integers, in row-major order. Immutable as long as the memory
/// underneath is.
/// </summary>
public sealed class NumericArray
{
    private readonly ReadOnlyMemory<float> _floats;
    private readonly ReadOnlyMemory<long> _integers;

    private NumericArray(
        ImmutableArray<int> shape,
        ReadOnlyMemory<float> floats,
        ReadOnlyMemory<long> integers,
        bool isInteger
    )
    {
        Shape = shape;
        _floats = floats;
        _integers = integers;
        IsInteger = isInteger;
    }

    /// <summary>The sizes, outermost first; empty for a scalar.</summary>
    public ImmutableArray<int> Shape { get; }

    /// <summary>Whether the elements are integers.</summary>
    public bool IsInteger { get; }

    /// <summary>How many elements there are.</summary>
    public int Length => IsInteger ? _integers.Length : _floats.Length;

    /// <summary>The elements of an array of floats.</summary>
    /// <exception cref="InvalidOperationException">The elements are integers.</exception>
    public ReadOnlyMemory<float> FloatMemory =>
        IsInteger ? throw new InvalidOperationException($"{this} holds integers.") : _floats;

    /// <summary>The elements of an array of integers.</summary>
    /// <exception cref="InvalidOperationException">The elements are floats.</exception>
    public ReadOnlyMemory<long> IntegerMemory =>
        IsInteger ? _integers : throw new InvalidOperationException($"{this} holds floats.");

    /// <summary>The elements of an array of floats.</summary>
    public ReadOnlySpan<float> Floats => FloatMemory.Span;

    /// <summary>The elements of an array of integers.</summary>
    public ReadOnlySpan<long> Integers => IntegerMemory.Span;

    /// <summary>The elements of an array of floats as a tensor, without copying.</summary>
    /// <exception cref="InvalidOperationException">The elements are integers.</exception>
    public ReadOnlyTensorSpan<float> AsTensorSpan() => new(Floats, Lengths(), []);

    /// <summary>An array of floats. The memory is not copied.</summary>
    /// <exception cref="ArgumentException">The shape has a different number of elements.</exception>
    public static NumericArray Of(ReadOnlyMemory<float> values, params ReadOnlySpan<int> shape)
    {
        Check(values.Length, shape);
        return new NumericArray([.. shape], values, default, false);
    }

    /// <summary>An array of integers. The memory is not copied.</summary>
    /// <exception cref="ArgumentException">The shape has a different number of elements.</exception>
    public static NumericArray Of(ReadOnlyMemory<long> values, params ReadOnlySpan<int> shape)
    {
        Check(values.Length, shape);
        return new NumericArray([.. shape], default, values, true);
    }

    /// <summary>Arrays of one kind after each other on their first axis. O(elements).</summary>
    internal static NumericArray Joined(IReadOnlyList<NumericArray> parts)
    {
        if (parts.Count == 1)
            return parts[0];
        int[] shape = [parts.Sum(part => part.Shape[0]), .. parts[0].Shape.AsSpan()[1..]];
        return parts[0].IsInteger
            ? Of(Joined([.. parts.Select(part => part.IntegerMemory)]), shape)
            : Of(Joined([.. parts.Select(part => part.FloatMemory)]), shape);
    }

    private static T[] Joined<T>(IReadOnlyList<ReadOnlyMemory<T>> parts)
    {
        var all = new T[parts.Sum(part => part.Length)];
        var start = 0;
        foreach (var part in parts)
        {
            part.CopyTo(all.AsMemory(start));
            start += part.Length;
        }

        return all;
    }

    /// <summary>Whether all elements are finite numbers, as integers are.</summary>
    internal bool IsFinite => IsInteger || !Floats.ContainsAnyExceptInRange(float.MinValue, float.MaxValue);

    /// <summary>The same elements in another shape.</summary>
    /// <exception cref="ArgumentException">The shape has a different number of elements.</exception>
    public NumericArray Reshape(params ReadOnlySpan<int> shape)
    {
        Check(Length, shape);
        return new NumericArray([.. shape], _floats, _integers, IsInteger);
    }

    /// <summary>One entry of the first axis, without that axis. The memory is shared.</summary>
    public NumericArray Row(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Shape[0]);
        var size = Length / Shape[0];
        var shape = Shape.RemoveAt(0);
        return IsInteger
            ? new NumericArray(shape, default, _integers.Slice(index * size, size), true)
            : new NumericArray(shape, _floats.Slice(index * size, size), default, false);
    }

    /// <summary>Some entries of the first axis, one after the other. The memory is shared.</summary>
    internal NumericArray Rows(int first, int count)
    {
        var size = Length / Shape[0];
        var shape = Shape.SetItem(0, count);
        return IsInteger
            ? new NumericArray(shape, default, _integers.Slice(first * size, count * size), true)
            : new NumericArray(shape, _floats.Slice(first * size, count * size), default, false);
    }

    private nint[] Lengths() => [.. Shape.Select(size => (nint)size)];

    /// <inheritdoc/>
    public override string ToString() => $"{(IsInteger ? "integers" : "floats")}[{string.Join(", ", Shape)}]";

    private static void Check(int length, ReadOnlySpan<int> shape)
    {
        var product = SizeProduct.Of(shape);
        if (product != length)
            throw new ArgumentException(
                $"The shape [{string.Join(", ", shape.ToArray())}] holds {product?.ToString() ?? "too many"} elements, "
                    + $"but there are {length}.",
                nameof(shape)
            );
    }
}
