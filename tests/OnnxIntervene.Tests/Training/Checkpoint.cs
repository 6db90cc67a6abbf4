using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace OnnxIntervene.Tests.Training;

/// <summary>
/// What a checkpoint of ONNX Runtime Training holds, read as the format of flatbuffers says
/// (https://flatbuffers.dev/internals), without the library that writes it.
/// </summary>
internal sealed record Checkpoint(
    int Version,
    ImmutableArray<CheckpointTensor> Trained,
    ImmutableArray<CheckpointTensor> Frozen
)
{
    public IEnumerable<CheckpointTensor> All => Trained.Concat(Frozen);

    public static Checkpoint Read(byte[] bytes)
    {
        Assert.That(Encoding.ASCII.GetString(bytes, 4, 4), Is.EqualTo("ODTC"));
        var reader = new FlatReader(bytes);
        var root = reader.Follow(0);
        var module = reader.Follow(reader.Field(root, 1)!.Value);
        return new Checkpoint(
            reader.Integer(reader.Field(root, 0)!.Value),
            [.. reader.Tables(reader.Field(module, 0)!.Value).Select(table => Tensor(reader, table))],
            [.. reader.Tables(reader.Field(module, 1)!.Value).Select(table => Tensor(reader, table))]
        );
    }

    public override string ToString() =>
        $"version {Version}, trained {string.Join("; ", Trained)}, frozen {string.Join("; ", Frozen)}";

    private static CheckpointTensor Tensor(FlatReader reader, int table) =>
        new(
            Encoding.UTF8.GetString(reader.Vector(reader.Field(table, 0)!.Value, 1)),
            [.. MemoryMarshal.Cast<byte, long>(reader.Vector(reader.Field(table, 2)!.Value, sizeof(long)))],
            reader.Integer(reader.Field(table, 3)!.Value),
            [.. MemoryMarshal.Cast<byte, float>(reader.Vector(reader.Field(table, 4)!.Value, 1))]
        );

    private sealed class FlatReader(byte[] bytes)
    {
        public int Integer(int place) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(place));

        public int Follow(int place) => place + Integer(place);

        // Where a table's field is; null where it has none.
        public int? Field(int table, int slot)
        {
            var fields = table - Integer(table);
            var entry = 4 + (2 * slot);
            if (entry >= Short(fields))
                return null;
            return Short(fields + entry) is > 0 and var offset ? table + offset : null;
        }

        public ReadOnlySpan<byte> Vector(int place, int size) =>
            bytes.AsSpan(Follow(place) + 4, Integer(Follow(place)) * size);

        public List<int> Tables(int place)
        {
            var start = Follow(place);
            return Enumerable.Range(0, Integer(start)).Select(index => Follow(start + 4 + (4 * index))).ToList();
        }

        private int Short(int place) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(place));
    }
}

/// <summary>A parameter of a checkpoint.</summary>
internal sealed record CheckpointTensor(string Name, long[] Shape, int Type, float[] Numbers)
{
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape)}] {string.Join(' ', Numbers)}";
}
