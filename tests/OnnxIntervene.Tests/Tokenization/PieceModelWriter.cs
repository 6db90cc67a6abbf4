using System.Buffers.Binary;
using System.Text;

namespace OnnxIntervene.Tests.Tokenization;

/// <summary>Writes SentencePiece models: the few messages of protobuf that one has.</summary>
internal sealed class PieceModelWriter
{
    private readonly List<byte> _file = [];

    /// <summary>A piece, with the number of its kind.</summary>
    public PieceModelWriter Piece(string text, float score = 0, int kind = 1) =>
        Piece(Encoding.UTF8.GetBytes(text), score, kind);

    /// <summary>A piece whose text is these bytes.</summary>
    public PieceModelWriter Piece(byte[] text, float score = 0, int kind = 1)
    {
        var number = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(number, score);
        return Message(1, [.. Field(1, text), (2 << 3) | 5, .. number, .. Field(3, kind)]);
    }

    /// <summary>The pieces unknown, begin and end, as most models have them.</summary>
    public PieceModelWriter Usual() => Piece("<unk>", kind: 2).Piece("<s>", kind: 3).Piece("</s>", kind: 3);

    /// <summary>All 256 pieces of bytes.</summary>
    public PieceModelWriter Bytes()
    {
        for (var code = 0; code < 256; code++)
            Piece($"<0x{code:X2}>", kind: 6);
        return this;
    }

    /// <summary>Numbers of the trainer's message.</summary>
    public PieceModelWriter Training(params (int Field, int Number)[] numbers) =>
        Message(2, [.. numbers.SelectMany(entry => Field(entry.Field, entry.Number))]);

    /// <summary>Numbers and the map of the normalizer's message, or of that after decoding.</summary>
    public PieceModelWriter Normalization(
        byte[] map,
        bool isAfterwards = false,
        params (int Field, int Number)[] numbers
    ) =>
        Message(
            isAfterwards ? 5 : 3,
            [.. Field(2, map), .. numbers.SelectMany(entry => Field(entry.Field, entry.Number))]
        );

    /// <summary>Any bytes.</summary>
    public PieceModelWriter Raw(params byte[] bytes)
    {
        _file.AddRange(bytes);
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray() => [.. _file];

    private PieceModelWriter Message(int field, byte[] contents) => Raw(Field(field, contents));

    private static byte[] Field(int field, byte[] contents) =>
        [.. Varint((ulong)(field << 3) | 2), .. Varint((ulong)contents.Length), .. contents];

    private static byte[] Field(int field, int number) =>
        [.. Varint((ulong)field << 3), .. Varint((ulong)(long)number)];

    private static IEnumerable<byte> Varint(ulong number)
    {
        for (; number >= 0x80; number >>= 7)
            yield return (byte)(number | 0x80);
        yield return (byte)number;
    }
}
