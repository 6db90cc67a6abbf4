using System.Buffers.Binary;

namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>Changes the JSON header of a .safetensors file and writes its length anew.</summary>
internal static class SafetensorsMutator
{
    /// <summary>A changed copy.</summary>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        if (content.Length < sizeof(long) || random.OneIn(4))
            return ByteMutator.Mutate(content, other, random);
        var length = BinaryPrimitives.ReadInt64LittleEndian(content);
        if (length < 0 || length > content.Length - sizeof(long))
            return ByteMutator.Mutate(content, other, random);
        var header = JsonMutator.Mutate(content.AsSpan(sizeof(long), (int)length).ToArray(), [], random);
        var start = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(start, header.Length);
        return [.. start, .. header, .. content.AsSpan(sizeof(long) + (int)length)];
    }
}
