using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>Each piece is a token, or unknown; without a token for what is unknown it is left out.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, int? unknown) : TokenModel(vocabulary)
{
    public override void Encode(TrackedText piece, List<FoundToken> tokens)
    {
        if ((Vocabulary.Find(piece.Text) ?? unknown) is { } id)
            tokens.Add(new FoundToken(id, piece.Start(0), piece.End(piece.Length - 1)));
    }
}
