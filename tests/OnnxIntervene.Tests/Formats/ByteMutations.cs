using System.Buffers.Binary;

namespace OnnxIntervene.Tests.Formats;

/// <summary>
/// Changed copies of a file, the same each time: bits, numbers at which readers go wrong, cuts, pieces.
/// </summary>
internal static class ByteMutations
{
    private const int Head = 512;

    private static readonly long[] s_numbers =
    [
        0,
        1,
        -1,
        255,
        65_536,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        1L << 40,
        long.MaxValue,
        long.MinValue,
    ];

    public static IEnumerable<byte[]> Of(byte[] whole, int count, int seed)
    {
        var random = new Random(seed);
        for (var index = 0; index < count; index++)
        {
            var bytes = (byte[])whole.Clone();
            for (var changes = random.Next(1, 4); changes > 0 && bytes.Length > 0; changes--)
                bytes = Once(bytes, random);
            yield return bytes;
        }
    }

    private static byte[] Once(byte[] bytes, Random random)
    {
        // Headers stand at the beginning, and directories of archives at the end.
        var place = random.Next(3) switch
        {
            0 => random.Next(Math.Min(bytes.Length, Head)),
            1 => bytes.Length - 1 - random.Next(Math.Min(bytes.Length, Head)),
            _ => random.Next(bytes.Length),
        };
        var length = Math.Min(random.Next(1, 64), bytes.Length - place);
        switch (random.Next(6))
        {
            case 0:
                bytes[place] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                return bytes[..place];
            case 2:
                return [.. bytes[..place], .. bytes[(place + length)..]];
            case 3:
                return [.. bytes[..(place + length)], .. bytes[place..]];
            default:
                Write(bytes.AsSpan(place), s_numbers[random.Next(s_numbers.Length)], 1 << random.Next(4));
                return bytes;
        }
    }

    private static void Write(Span<byte> target, long number, int width)
    {
        Span<byte> all = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(all, number);
        all[..Math.Min(width, target.Length)].CopyTo(target);
    }
}
