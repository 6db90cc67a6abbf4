using Google.Protobuf;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// What is left of a message without the fields that the IR models: kept as bytes and written back unchanged.
/// </summary>
internal static class Remainder
{
    public static ReadOnlyMemory<byte> Of(IMessage message) =>
        message.CalculateSize() == 0 ? default : message.ToByteArray();

    public static void Restore(IMessage message, ReadOnlyMemory<byte> remainder)
    {
        if (!remainder.IsEmpty)
            message.MergeFrom(ByteString.CopyFrom(remainder.Span));
    }
}
