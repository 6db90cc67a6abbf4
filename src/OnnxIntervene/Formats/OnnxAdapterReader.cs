using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>Reads an adapter's FlatBuffers; every offset is checked before it is followed.</summary>
internal sealed class OnnxAdapterReader(byte[] bytes, string path)
{
    private const int NewestFormat = 1;
    private const int LongestShape = 64;
    private long _claimed;

    public OnnxAdapter Read()
    {
        if (bytes.Length < 8 || !bytes.AsSpan(4, 4).SequenceEqual("TORT"u8))
            throw new ModelFormatException($"'{path}' is not an .onnx_adapter: it does not begin with 'TORT'.");
        var root = Follow(0);
        if (Number(root, 0) is not NewestFormat and var format)
            throw new ModelFormatException($"'{path}' has the format {format}; {NewestFormat} is known.");
        var parameters = ImmutableSortedDictionary.CreateBuilder<string, TensorData>(StringComparer.Ordinal);
        var (first, count) = Vector(root, 3, sizeof(int));
        for (var index = 0; index < count; index++)
        {
            var (name, data) = Parameter(Follow(first + (sizeof(int) * index)));
            if (!parameters.TryAdd(name, data))
                throw new ModelFormatException($"'{path}' has two parameters '{name}'.");
        }

        return new OnnxAdapter(parameters.ToImmutable())
        {
            AdapterVersion = Number(root, 1),
            ModelVersion = Number(root, 2),
        };
    }

    private (string Name, TensorData Data) Parameter(int table)
    {
        var (nameAt, nameLength) = Vector(table, 0, 1);
        var name = Encoding.UTF8.GetString(bytes, nameAt, nameLength);
        var (sizesAt, axes) = Vector(table, 1, sizeof(long));
        if (axes > LongestShape)
            throw new ModelFormatException($"'{path}', parameter '{name}': {axes} axes.");
        long[] sizes =
        [
            .. Enumerable
                .Range(0, axes)
                .Select(axis => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(sizesAt + (sizeof(long) * axis)))),
        ];
        var type = (ElementType)Number(table, 2);
        var (dataAt, length) = Vector(table, 3, 1);
        Claim(nameLength + ((long)axes * sizeof(long)) + length);
        if (!Enum.IsDefined(type) || type is ElementType.Undefined or ElementType.Text)
            throw new ModelFormatException($"'{path}', parameter '{name}': the element type {(int)type} is not known.");
        // The first keeps the second from more than 64 bits.
        if (SizeProduct.Of(sizes) is not { } count || count > length * 8L || type.ByteCount(count) != length)
            throw new ModelFormatException(
                $"'{path}', parameter '{name}': {length} bytes for {type}[{string.Join(", ", sizes)}]."
            );
        var data = TensorData.FromBytes(type, sizes, bytes.AsMemory(dataAt, length));
        if (HasNaN(data))
            throw new ModelFormatException(
                $"'{path}', parameter '{name}': it holds numbers that are none (NaN). Make the adapter again."
            );
        return (name, data);
    }

    // Parameters over the same bytes would let a small file ask for any amount of memory and time.
    private void Claim(long length)
    {
        if ((_claimed += length) > bytes.Length)
            throw new ModelFormatException(
                $"'{path}': its parameters take more bytes than the file has ({bytes.Length})."
            );
    }

    // An infinity may be a bound that is not there.
    private static bool HasNaN(TensorData data) =>
        data.ElementType.IsFloat() && Array.Exists(data.ReadFloats(), float.IsNaN);

    private int Number(int table, int field) => FieldAt(table, field) is { } at ? Int(at) : 0;

    // Where the elements are, and how many; none where the field is left out.
    private (int Start, int Count) Vector(int table, int field, int elementSize)
    {
        if (FieldAt(table, field) is not { } at)
            return (0, 0);
        var vector = Follow(at);
        var count = (long)(uint)Int(vector);
        if (count * elementSize > bytes.Length - vector - sizeof(int))
            throw Beyond(vector);
        return (vector + sizeof(int), (int)count);
    }

    // A table begins with the distance back to the table of its fields: sizes, then each field's place or 0.
    private int? FieldAt(int table, int field)
    {
        var fields = (long)table - Int(table);
        if (fields < 0 || fields + 4 > bytes.Length)
            throw Beyond(fields);
        var size = Short((int)fields);
        var entry = 4 + (2 * field);
        if (entry + 2 > size)
            return null;
        return Short((int)fields + entry) is not 0 and var offset ? Checked((long)table + offset) : null;
    }

    private int Follow(int at) => Checked(at + (long)(uint)Int(at));

    private int Int(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(Checked(at)));

    private int Short(int at) =>
        at + 2 <= bytes.Length ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at)) : throw Beyond(at);

    private int Checked(long at) => at >= 0 && at + sizeof(int) <= bytes.Length ? (int)at : throw Beyond(at);

    private ModelFormatException Beyond(long at) =>
        new($"'{path}' refers to byte {at}, but has {bytes.Length} bytes: it is cut off, or not an adapter.");
}
