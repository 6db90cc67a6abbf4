using System.Collections.Immutable;
using System.Text;

namespace OnnxIntervene.Formats;

/// <summary>Reads the messages of a SentencePiece model. Takes memory in proportion to the file.</summary>
/// <param name="fault">The exception for what is wrong in the file.</param>
internal sealed class SentencePieceReader(Func<string, Exception> fault)
{
    // No model has so many; each takes more memory than file.
    private const int MostPieces = 10_000_000;

    public SentencePieceFile Model(ReadOnlySpan<byte> bytes)
    {
        if (IsTiktoken(bytes))
            throw fault(
                "this is a vocabulary of tiktoken, as Llama 3 has it, and not a SentencePiece model. Load it with "
                    + "transformers' AutoTokenizer and save it: that writes a tokenizer.json"
            );
        var pieces = ImmutableArray.CreateBuilder<SentencePiece>();
        var file = new SentencePieceFile();
        var fields = new ProtobufFields(bytes, 0, fault);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 1 when pieces.Count == MostPieces:
                    throw fault($"there are more than {MostPieces} pieces");
                case 1:
                    pieces.Add(Piece(fields.Bytes, fields.Place, pieces.Count));
                    break;
                case 2:
                    file = Training(file, fields.Bytes, fields.Place);
                    break;
                case 3:
                    file = file with { Normalization = Normalization(fields.Bytes, fields.Place) };
                    break;
                case 5:
                    var isChanged = !Normalization(fields.Bytes, fields.Place).CharacterMap.IsEmpty;
                    file = file with { ChangesDecodedTexts = isChanged };
                    break;
            }
        }

        return pieces.Count > 0
            ? file with
            {
                Pieces = pieces.DrainToImmutable(),
            }
            : throw fault("there are no pieces in it; a SentencePiece model is expected");
    }

    private SentencePiece Piece(ReadOnlySpan<byte> bytes, int start, int index)
    {
        Exception At(string what) => fault($"piece {index}: {what}");
        var (text, score, kind) = ("", 0f, (long)PieceKind.Normal);
        var fields = new ProtobufFields(bytes, start, At);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 1:
                    text = fields.Text;
                    break;
                case 2:
                    score = fields.Single;
                    break;
                case 3:
                    kind = fields.Whole;
                    break;
            }
        }

        return text.Length == 0 ? throw At("it has no text")
            : !float.IsFinite(score) ? throw At($"the score of '{text}' is not a finite number")
            : kind is < (long)PieceKind.Normal or > (long)PieceKind.Byte
                ? throw At($"'{text}' is of the kind {kind}, and only 1 to 6 are known")
            : new SentencePiece(text, score, (PieceKind)kind);
    }

    private SentencePieceFile Training(SentencePieceFile file, ReadOnlySpan<byte> bytes, int start)
    {
        var fields = new ProtobufFields(bytes, start, what => fault($"trainer_spec: {what}"));
        while (fields.Next())
        {
            file = fields.Number switch
            {
                3 => file with { Algorithm = (int)Math.Clamp(fields.Whole, int.MinValue, int.MaxValue) },
                24 => file with { MarksWordEnds = fields.Flag },
                35 => file with { FallsBackToBytes = fields.Flag },
                41 => file with { Beginning = fields.Whole },
                42 => file with { End = fields.Whole },
                _ => file,
            };
        }

        return file;
    }

    private SentencePieceNormalization Normalization(ReadOnlySpan<byte> bytes, int start)
    {
        var normalization = new SentencePieceNormalization();
        var fields = new ProtobufFields(bytes, start, what => fault($"normalizer_spec: {what}"));
        while (fields.Next())
        {
            normalization = fields.Number switch
            {
                2 => normalization with { CharacterMap = fields.Bytes.ToArray() },
                3 => normalization with { AddsPrefix = fields.Flag },
                4 => normalization with { RemovesExtraSpaces = fields.Flag },
                5 => normalization with { EscapesSpaces = fields.Flag },
                _ => normalization,
            };
        }

        return normalization;
    }

    // Lines of a token in base 64 and its number: "IQ== 0".
    private static bool IsTiktoken(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0)
            return false;
        var line = Encoding.Latin1.GetString(bytes[..Math.Min(end, 256)]).TrimEnd('\r').Split(' ');
        return line is [{ Length: > 0 } token, { Length: > 0 } number]
            && token.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '+' or '/' or '=')
            && number.All(char.IsAsciiDigit);
    }
}
