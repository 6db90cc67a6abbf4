namespace OnnxIntervene.Tokenization;

/// <summary>How one kind of tokenizer turns text into tokens and back, without special tokens.</summary>
internal abstract class TokenModel
{
    /// <summary>How many tokens the vocabulary has, without special tokens.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Adds the tokens of a piece of text that begins at <paramref name="start"/> of the whole.</summary>
    public abstract void Encode(ReadOnlySpan<char> text, int start, List<(int Id, TokenSpan Span)> tokens);

    /// <summary>The text of tokens, those in <paramref name="added"/> kept as they are.</summary>
    public abstract string Decode(IEnumerable<int> ids, IReadOnlyDictionary<int, string> added);

    /// <summary>One token as readable text.</summary>
    public abstract string TokenText(int id);

    /// <summary>The number of a token by its spelling in the vocabulary, or null.</summary>
    public abstract int? Find(string token);
}
