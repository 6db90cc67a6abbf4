using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>A token that was found, and the part of the first text that it covers.</summary>
internal readonly record struct FoundToken(int Id, int Start, int End);

/// <summary>How one kind of tokenizer turns a piece of text into tokens of its vocabulary. Immutable.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    /// <summary>The tokens and their numbers, without those that are only added.</summary>
    public Vocabulary Vocabulary => vocabulary;

    /// <summary>Adds the tokens of a piece of text, which is not empty.</summary>
    public abstract void Encode(TrackedText piece, List<FoundToken> tokens);
}
