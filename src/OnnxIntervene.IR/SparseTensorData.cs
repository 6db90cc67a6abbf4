using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>
/// A sparse constant: its non-zero values, their indices, and the sizes of the whole (onnx.proto, SparseTensorProto).
/// </summary>
/// <param name="Values">The non-zero values, one dimension.</param>
/// <param name="Indices">Their indices: linear, or one row of coordinates each.</param>
/// <param name="Dimensions">The sizes of the dense tensor.</param>
public sealed record SparseTensorData(TensorData Values, TensorData Indices, ImmutableArray<long> Dimensions)
{
    internal ReadOnlyMemory<byte> Unknown { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"sparse {Values.ElementType}[{string.Join(", ", Dimensions)}]";
}
