using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tokenization.Decoders;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Normalizers;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// Makes a tokenizer of a SentencePiece model and the settings beside it: what SentencePiece itself does to the texts
/// between special tokens, as transformers' slow tokenizers call it.
/// </summary>
/// <param name="path">The model's file.</param>
/// <param name="file">What it holds.</param>
/// <param name="settings">What the files beside it say.</param>
internal sealed class SentencePieceTokenizer(string path, SentencePieceFile file, SentencePieceSettings settings)
{
    public TokenizerDefinition Definition()
    {
        Check();
        var vocabulary = Pieces();
        var userDefined = new TokenTrie(Numbered(PieceKind.UserDefined).Select(piece => (piece.Text, piece.Id)));
        var added = settings.AddedTokens(vocabulary, file);
        return new TokenizerDefinition
        {
            Normalizer = Normalizer(userDefined),
            Model = Model(vocabulary, userDefined),
            Decoder = Decoder(),
            AddedTokens = added,
            Before = settings.Before(added, file),
            After = settings.After(added, file),
        };
    }

    private void Check()
    {
        var bytes = Numbered(PieceKind.Byte).Count();
        if (Numbered(PieceKind.Unknown).Count() != 1)
            throw Fault(
                "a model has one piece for what is unknown, this one " + $"{Numbered(PieceKind.Unknown).Count()}"
            );
        if (file.FallsBackToBytes ? bytes != 256 : bytes != 0)
            throw Fault(
                $"byte_fallback is {(file.FallsBackToBytes ? "true" : "false")}, and there are {bytes} pieces of bytes"
            );
        if (file.MarksWordEnds)
            throw Fault("treat_whitespace_as_suffix is not supported");
        if (file.ChangesDecodedTexts)
            throw Fault("a denormalizer is not supported");
    }

    private Vocabulary Pieces()
    {
        var ids = new Dictionary<string, int>(file.Pieces.Length, StringComparer.Ordinal);
        foreach (var piece in file.Pieces)
        {
            if (!ids.TryAdd(piece.Text, ids.Count))
                throw Fault($"piece {ids.Count}: '{piece.Text}' is piece {ids[piece.Text]} already");
        }

        var vocabulary = new Vocabulary(ids);
        return !file.FallsBackToBytes || vocabulary.ByteTokens().All(id => id is not null)
            ? vocabulary
            : throw Fault("the pieces of bytes are not those from <0x00> to <0xFF>");
    }

    private NormalizerSequence Normalizer(TokenTrie userDefined)
    {
        var normalization = file.Normalization;
        var spaces = new SpaceNormalizer(
            new SpaceRules
            {
                AddsPrefix = normalization.AddsPrefix && settings.AddsPrefixSpace,
                AddsPrefixOnce = !settings.IsLegacy,
                RemovesExtra = normalization.RemovesExtraSpaces,
                Escapes = normalization.EscapesSpaces,
            },
            Fault
        );
        return normalization.CharacterMap.IsEmpty
            ? new NormalizerSequence([spaces])
            : new NormalizerSequence([
                new CharacterMap(normalization.CharacterMap.Span, isWholeGraphemes: false, Fault, userDefined),
                spaces,
            ]);
    }

    private TokenModel Model(Vocabulary vocabulary, TokenTrie userDefined)
    {
        var unknown = Numbered(PieceKind.Unknown).Single().Id;
        switch (file.Algorithm)
        {
            case SentencePieceFile.BytePairs when Numbered(PieceKind.Unused).Any():
                throw Fault("byte-pair encoding with unused pieces is not supported");
            case SentencePieceFile.BytePairs:
                return new SentencePiecePairs(file, vocabulary, unknown, userDefined);
            case SentencePieceFile.Unigram:
                var scores = Scores();
                var least = Numbered(PieceKind.Normal).Select(piece => (double)piece.Score).DefaultIfEmpty().Min();
                return new UnigramModel(
                    vocabulary,
                    scores,
                    unknown,
                    least - UnigramModel.UnknownPenalty,
                    file.FallsBackToBytes
                );
            default:
                throw Fault(
                    $"the algorithm {file.Algorithm} is not supported; Unigram (1) and byte-pair encoding (2) are"
                );
        }
    }

    // What a user defined is better than any way to take it apart (unigram_model.cc, EncodeOptimized).
    private Dictionary<int, double> Scores()
    {
        var most = Numbered(PieceKind.Normal).Select(piece => (double)piece.Score).DefaultIfEmpty().Max();
        return Numbered(PieceKind.Normal)
            .Select(piece => (piece.Id, Score: (double)piece.Score))
            .Concat(
                Numbered(PieceKind.UserDefined)
                    .Select(piece => (piece.Id, (System.Text.Encoding.UTF8.GetByteCount(piece.Text) * most) - 0.1))
            )
            .ToDictionary(piece => piece.Id, piece => piece.Item2);
    }

    private TokenDecoder Decoder()
    {
        var removed =
            file.Normalization.RemovesExtraSpaces ? int.MaxValue
            : file.Normalization.AddsPrefix && settings.AddsPrefixSpace ? 1
            : 0;
        ImmutableArray<DecoderPart> parts =
        [
            DecoderReader.Replace(SpaceRules.Mark, " "),
            DecoderReader.ByteFallback,
            DecoderReader.Fuse,
        ];
        return new TokenDecoder(removed > 0 ? parts.Add(DecoderReader.Strip(' ', removed)) : parts);
    }

    private IEnumerable<(int Id, string Text, float Score)> Numbered(PieceKind kind) =>
        file
            .Pieces.Select((piece, id) => (piece.Kind, Id: id, piece.Text, piece.Score))
            .Where(piece => piece.Kind == kind)
            .Select(piece => (piece.Id, piece.Text, piece.Score));

    private ModelFormatException Fault(string what) => new($"'{path}': {what}.");
}
