using System.Text;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// Lays an adapter out from its start on: FlatBuffers lets what is referred to lie behind what refers to it
/// (flatbuffers.dev, Internals).
/// </summary>
internal static class OnnxAdapterWriter
{
    private const int FormatVersion = 1;
    private const int Fields = 4;
    private const int FieldTableSize = 4 + (2 * Fields);
    private const int TableSize = 4 + (4 * Fields);
    private const int Alignment = 8;
    private const int Start = 8;
    private const int RootTable = Start + FieldTableSize;
    private const int Vector = RootTable + TableSize;

    public static void Write(Stream stream, OnnxAdapter adapter)
    {
        var layouts = Layouts(adapter, out var length);
        if (length > Array.MaxLength)
            throw new InterventionException(
                $"The adapter would have {length} bytes; its format has room for 2 GiB. Bake with constants instead."
            );
        using var buffer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        buffer.Write(RootTable);
        buffer.Write("TORT"u8);
        WriteFieldTable(buffer);
        buffer.Write(FieldTableSize);
        buffer.Write(FormatVersion);
        buffer.Write(adapter.AdapterVersion);
        buffer.Write(adapter.ModelVersion);
        buffer.Write(sizeof(int));
        buffer.Write(layouts.Count);
        for (var index = 0; index < layouts.Count; index++)
            buffer.Write((int)layouts[index].Table - (Vector + 4 + (4 * index)));
        WriteFieldTable(buffer);
        var end = (long)Vector + 4 + (4 * layouts.Count) + FieldTableSize;
        foreach (var layout in layouts)
            end = layout.Write(buffer, end, Vector + 4 + (4 * layouts.Count));
    }

    // Every table of both kinds has its four fields one after the other.
    private static void WriteFieldTable(BinaryWriter buffer)
    {
        buffer.Write((ushort)FieldTableSize);
        buffer.Write((ushort)TableSize);
        for (var field = 0; field < Fields; field++)
            buffer.Write((ushort)(4 + (4 * field)));
    }

    private static List<Layout> Layouts(OnnxAdapter adapter, out long length)
    {
        length = Vector + 4 + (4L * adapter.Parameters.Count) + FieldTableSize;
        var layouts = new List<Layout>();
        foreach (var (name, data) in adapter.Parameters)
        {
            var layout = new Layout(Encoding.UTF8.GetBytes(name), data, length);
            layouts.Add(layout);
            length = layout.End;
        }

        return layouts;
    }

    /// <summary>Where the parts of a parameter are.</summary>
    private sealed class Layout
    {
        private readonly byte[] _name;
        private readonly TensorData _data;
        private readonly long _nameAt;
        private readonly long _sizesAt;
        private readonly long _bytesAt;

        public Layout(byte[] name, TensorData data, long start)
        {
            (_name, _data) = (name, data);
            Table = (start + 3) / 4 * 4;
            _nameAt = Table + TableSize;
            _sizesAt = VectorAt(_nameAt + 4 + name.Length + 1);
            _bytesAt = VectorAt(_sizesAt + 4 + (sizeof(long) * data.Dimensions.Length));
            End = _bytesAt + 4 + data.ByteLength;
        }

        public long Table { get; }

        public long End { get; }

        /// <summary>Writes the parts with what stands between them, and returns where they end.</summary>
        public long Write(BinaryWriter buffer, long at, long fieldTable)
        {
            Pad(buffer, at, Table);
            buffer.Write((int)(Table - fieldTable));
            buffer.Write((int)(_nameAt - (Table + 4)));
            buffer.Write((int)(_sizesAt - (Table + 8)));
            buffer.Write((int)_data.ElementType);
            buffer.Write((int)(_bytesAt - (Table + 16)));
            buffer.Write(_name.Length);
            buffer.Write(_name);
            buffer.Write((byte)0);
            Pad(buffer, _nameAt + 4 + _name.Length + 1, _sizesAt);
            buffer.Write(_data.Dimensions.Length);
            foreach (var size in _data.Dimensions)
                buffer.Write(size);
            Pad(buffer, _sizesAt + 4 + (sizeof(long) * _data.Dimensions.Length), _bytesAt);
            buffer.Write((int)_data.ByteLength);
            buffer.Write(_data.ReadBytes().Span);
            return End;
        }

        // A vector's elements are aligned, and its length is right before them.
        private static long VectorAt(long from) => ((from + 4 + Alignment - 1) / Alignment * Alignment) - 4;

        private static void Pad(BinaryWriter buffer, long from, long to) => buffer.Write(new byte[to - from]);
    }
}
