using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OnnxIntervene.IR.Files;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Turns a file's tensors into <see cref="TensorData"/>; whichever of the format's ways the contents are stored, they
/// become little-endian bytes.
/// </summary>
internal sealed class TensorReader(string? filePath)
{
    private const int ExternalLocation = 1;

    // So that their bytes can be counted too.
    private const long LargestCount = long.MaxValue / 256;
    private readonly ExternalDataLocator _locator = new(filePath);
    private readonly string _realPath = filePath is null ? "" : FolderBoundary.RealPath(filePath);

    public TensorData Read(TensorProto proto, WirePlace place)
    {
        var type = (ElementType)proto.DataType;
        if (type != ElementType.Text && type.BitWidth() == 0)
            throw place.Fault($"the tensor '{proto.Name}' has the element type {proto.DataType}, which is unknown.");
        var dimensions = proto.Dims.ToImmutableArray();
        var count = Count(dimensions, proto.Name, place);
        var data =
            type == ElementType.Text
                ? Texts(proto, dimensions, count, place)
                : Numbers(proto, type, dimensions, count, place);
        return Finish(data, proto);
    }

    public SparseTensorData Read(SparseTensorProto proto, WirePlace place)
    {
        if (proto.Values is null || proto.Indices is null)
            throw place.Fault("a sparse tensor lacks its values or its indices.");
        var sparse = new SparseTensorData(Read(proto.Values, place), Read(proto.Indices, place), [.. proto.Dims]);
        Count(sparse.Dimensions, sparse.Values.Name, place);
        proto.Values = null;
        proto.Indices = null;
        proto.Dims.Clear();
        return sparse with { Unknown = Remainder.Of(proto) };
    }

    private static long Count(ImmutableArray<long> dimensions, string name, WirePlace place)
    {
        if (dimensions.FirstOrDefault(size => size < 0) is var negative and < 0)
            throw place.Fault($"the tensor '{name}' has the size {negative}.");
        return SizeProduct.Of(dimensions.AsSpan()) is { } count and <= LargestCount
            ? count
            : throw place.Fault(
                $"the tensor '{name}' of {dimensions.Length} axes has more elements than can be counted."
            );
    }

    private static TensorData Texts(TensorProto proto, ImmutableArray<long> dimensions, long count, WirePlace place)
    {
        if (proto.StringData.Count != count)
            throw place.Fault(
                $"the tensor '{proto.Name}' should hold {count} strings, but has {proto.StringData.Count}."
            );
        return TensorData.FromTexts(dimensions.AsSpan(), [.. proto.StringData.Select(text => text.Memory)]);
    }

    private TensorData Numbers(
        TensorProto proto,
        ElementType type,
        ImmutableArray<long> dimensions,
        long count,
        WirePlace place
    )
    {
        var expected = type.ByteCount(count);
        if (proto.DataLocation == ExternalLocation)
            return TensorData.FromFile(type, dimensions.AsSpan(), _locator.Locate(Entries(proto), expected, place));
        if (proto.InFile is { } span)
        {
            if (span.Length != expected)
                throw WrongLength(proto, expected, span.Length, place);
            return TensorData.FromFile(type, dimensions.AsSpan(), new FileSpan(_realPath, span.Offset, span.Length));
        }

        var bytes = proto.HasRawData ? proto.RawData.Memory : TypedBytes(proto, type, place);
        if (bytes.Length != expected)
            throw WrongLength(proto, expected, bytes.Length, place);
        return TensorData.FromBytes(type, dimensions.AsSpan(), bytes);
    }

    private static ModelFormatException WrongLength(TensorProto proto, long expected, long actual, WirePlace place) =>
        place.Fault($"the tensor '{proto.Name}' takes {expected} bytes by its type and shape, but has {actual}.");

    private static Dictionary<string, string> Entries(TensorProto proto)
    {
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in proto.ExternalData)
            entries[entry.Key] = entry.Value;
        return entries;
    }

    // onnx.proto says which typed field holds which element types.
    private static ReadOnlyMemory<byte> TypedBytes(TensorProto proto, ElementType type, WirePlace place) =>
        type switch
        {
            ElementType.Float32 or ElementType.Complex64 => Bytes<float>([.. proto.FloatData]),
            ElementType.Float64 or ElementType.Complex128 => Bytes<double>([.. proto.DoubleData]),
            ElementType.Int64 => Bytes<long>([.. proto.Int64Data]),
            ElementType.UInt64 => Bytes<ulong>([.. proto.Uint64Data]),
            ElementType.UInt32 => Bytes<uint>([.. proto.Uint64Data.Select(number => (uint)number)]),
            ElementType.Int32 => Bytes<int>([.. proto.Int32Data]),
            _ when type.BitWidth() == 16 => Bytes<ushort>([.. proto.Int32Data.Select(number => (ushort)number)]),
            _ when type.BitWidth() <= 8 => proto.Int32Data.Select(number => (byte)number).ToArray(),
            _ => throw place.Fault($"the tensor '{proto.Name}' of {type} has no contents."),
        };

    private static byte[] Bytes<T>(ReadOnlySpan<T> numbers)
        where T : unmanaged => MemoryMarshal.AsBytes(numbers).ToArray();

    private static TensorData Finish(TensorData data, TensorProto proto)
    {
        var name = proto.Name;
        proto.ClearName();
        proto.ClearDataType();
        proto.Dims.Clear();
        proto.ClearRawData();
        proto.ClearDataLocation();
        proto.InFile = null;
        proto.ExternalData.Clear();
        proto.FloatData.Clear();
        proto.DoubleData.Clear();
        proto.Int32Data.Clear();
        proto.Int64Data.Clear();
        proto.Uint64Data.Clear();
        proto.StringData.Clear();
        return data.With(name, Remainder.Of(proto));
    }
}
