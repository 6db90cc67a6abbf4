namespace OnnxIntervene.IR;

/// <summary>Levels of 4 or 8 bits in bytes, the low half of a byte first.</summary>
internal static class PackedLevels
{
    /// <summary>The level at an index.</summary>
    public static short Read(ReadOnlySpan<byte> bytes, int index, int bits, bool isSigned)
    {
        var level = bits == 8 ? bytes[index] : (bytes[index / 2] >> (index % 2 * 4)) & 0xF;
        return (short)(isSigned && level >= 1 << (bits - 1) ? level - (1 << bits) : level);
    }

    /// <summary>Writes a level at an index.</summary>
    public static void Write(Span<byte> bytes, int index, int bits, int level)
    {
        if (bits == 8)
        {
            bytes[index] = (byte)level;
            return;
        }

        var shift = index % 2 * 4;
        bytes[index / 2] = (byte)((bytes[index / 2] & ~(0xF << shift)) | ((level & 0xF) << shift));
    }
}
