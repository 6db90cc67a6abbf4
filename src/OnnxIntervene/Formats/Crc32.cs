namespace OnnxIntervene.Formats;

/// <summary>The checksum of zip files (ISO 3309, polynomial 0xEDB88320 reflected).</summary>
internal static class Crc32
{
    private static readonly uint[] s_table = Table();

    /// <summary>The checksum of all bytes so far, with some more.</summary>
    /// <param name="data">The bytes that follow.</param>
    /// <param name="before">The checksum of those before; 0 for none.</param>
    public static uint Compute(ReadOnlySpan<byte> data, uint before = 0)
    {
        var sum = ~before;
        foreach (var octet in data)
            sum = s_table[(byte)(sum ^ octet)] ^ (sum >> 8);
        return ~sum;
    }

    private static uint[] Table()
    {
        var table = new uint[256];
        for (var index = 0u; index < 256; index++)
        {
            var sum = index;
            for (var bit = 0; bit < 8; bit++)
                sum = (sum & 1) == 1 ? 0xEDB88320 ^ (sum >> 1) : sum >> 1;
            table[index] = sum;
        }

        return table;
    }
}
