using System.Text;

namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>
/// A field of a protobuf message, read without its schema: what can be read as a message is taken for one, unless it is
/// readable text.
/// </summary>
internal sealed class WireField
{
    private const int LargestMessageLeaf = 1 << 14;
    private const int HighestNumber = 64;
    private const int Deepest = 12;

    public int Number { get; set; }

    public int Type { get; set; }

    public ulong Varint { get; set; }

    public byte[] Bytes { get; set; } = [];

    public List<WireField>? Fields { get; set; }

    public bool IsText => Type == 2 && Fields is null && Bytes.All(part => part is >= 0x20 and < 0x7f);

    public string Text
    {
        get => Encoding.UTF8.GetString(Bytes);
        set => Bytes = Encoding.UTF8.GetBytes(value);
    }

    public WireField Copy() =>
        new()
        {
            Number = Number,
            Type = Type,
            Varint = Varint,
            Bytes = Bytes,
            Fields = Fields?.ConvertAll(field => field.Copy()),
        };

    /// <summary>The fields of a message; null where the bytes are none.</summary>
    public static List<WireField>? Parse(ReadOnlySpan<byte> bytes, int depth = 0)
    {
        var fields = new List<WireField>();
        while (!bytes.IsEmpty)
        {
            if (!ReadVarint(ref bytes, out var tag) || tag >> 3 is 0 or > HighestNumber)
                return null;
            var field = new WireField { Number = (int)(tag >> 3), Type = (int)(tag & 7) };
            if (!field.Read(ref bytes, depth))
                return null;
            fields.Add(field);
        }

        return fields;
    }

    public static byte[] Write(IEnumerable<WireField> fields)
    {
        using var stream = new MemoryStream();
        foreach (var field in fields)
            field.WriteTo(stream);
        return stream.ToArray();
    }

    private bool Read(ref ReadOnlySpan<byte> bytes, int depth)
    {
        switch (Type)
        {
            case 0:
                var isWhole = ReadVarint(ref bytes, out var number);
                Varint = number;
                return isWhole;
            case 1:
                return Take(ref bytes, sizeof(long));
            case 5:
                return Take(ref bytes, sizeof(int));
            case 2:
                if (
                    !ReadVarint(ref bytes, out var length)
                    || length > (ulong)bytes.Length
                    || !Take(ref bytes, (int)length)
                )
                    return false;
                if (depth < Deepest && Bytes.Length > 1 && (depth < 2 || Bytes.Length < LargestMessageLeaf) && !IsText)
                    Fields = Parse(Bytes, depth + 1);
                return true;
            default:
                return false;
        }
    }

    private bool Take(ref ReadOnlySpan<byte> bytes, int length)
    {
        if (length > bytes.Length)
            return false;
        Bytes = bytes[..length].ToArray();
        bytes = bytes[length..];
        return true;
    }

    private void WriteTo(MemoryStream stream)
    {
        WriteVarint(stream, ((ulong)Number << 3) | (uint)Type);
        switch (Type)
        {
            case 0:
                WriteVarint(stream, Varint);
                break;
            case 2:
                var content = Fields is null ? Bytes : Write(Fields);
                WriteVarint(stream, (ulong)content.Length);
                stream.Write(content);
                break;
            default:
                stream.Write(Bytes);
                break;
        }
    }

    private static bool ReadVarint(ref ReadOnlySpan<byte> bytes, out ulong number)
    {
        number = 0;
        for (var index = 0; index < bytes.Length && index < 10; index++)
        {
            number |= (ulong)(bytes[index] & 0x7f) << (7 * index);
            if (bytes[index] >= 0x80)
                continue;
            bytes = bytes[(index + 1)..];
            return true;
        }

        return false;
    }

    private static void WriteVarint(MemoryStream stream, ulong number)
    {
        for (; number >= 0x80; number >>= 7)
            stream.WriteByte((byte)(number | 0x80));
        stream.WriteByte((byte)number);
    }
}
