using System.Buffers.Binary;

namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>Changes bytes without knowing what they mean.</summary>
internal static class ByteMutator
{
    private const int LongestPiece = 64;
    private const int Head = 256;

    /// <summary>A changed copy; <paramref name="other"/> is a file of the same kind to take pieces from.</summary>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        var bytes = new List<byte>(content);
        for (var count = random.Next(1, 4); count > 0; count--)
            MutateOnce(bytes, other, random);
        return [.. bytes];
    }

    private static void MutateOnce(List<byte> bytes, byte[] other, Random random)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)random.Next(256));
            return;
        }

        var place = Place(bytes.Count, random);
        var length = Math.Min(random.Next(1, LongestPiece), bytes.Count - place);
        switch (random.Next(8))
        {
            case 0:
                bytes[place] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[place] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(place, length);
                break;
            case 3:
                bytes.InsertRange(place, bytes.GetRange(place, length));
                break;
            case 4:
                WriteNumber(bytes, place, random);
                break;
            case 5:
                bytes.RemoveRange(place, bytes.Count - place);
                break;
            case 6 when other.Length > 0:
                Splice(bytes, place, other, random);
                break;
            default:
                for (var index = 0; index < length; index++)
                    bytes[place + index] = (byte)(random.OneIn(2) ? 0 : 255);
                break;
        }
    }

    // Headers stand at the beginning, and directories of archives at the end.
    private static int Place(int count, Random random) =>
        random.Next(4) switch
        {
            0 => random.Next(Math.Min(count, Head)),
            1 => count - 1 - random.Next(Math.Min(count, Head)),
            _ => random.Next(count),
        };

    private static void WriteNumber(List<byte> bytes, int place, Random random)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, random.Of(Chance.Numbers));
        var width = 1 << random.Next(4);
        for (var index = 0; index < width && place + index < bytes.Count; index++)
            bytes[place + index] = number[index];
    }

    private static void Splice(List<byte> bytes, int place, byte[] other, Random random)
    {
        var start = random.Next(other.Length);
        var length = Math.Min(random.Next(1, LongestPiece * 8), other.Length - start);
        if (random.OneIn(2))
            bytes.RemoveRange(place, Math.Min(length, bytes.Count - place));
        bytes.InsertRange(place, new ArraySegment<byte>(other, start, length));
    }
}
