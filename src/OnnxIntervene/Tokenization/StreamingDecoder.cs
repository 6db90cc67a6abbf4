using OnnxIntervene.Tokenization.Decoders;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// Decodes a text token by token while it is written. What it gives, one after the other and with
/// <see cref="Flush"/> at the end, is what <see cref="Tokenizer.Decode"/> gives of all tokens at once; each token costs
/// its own length. Not for several threads.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipsSpecialTokens;
    private DecoderChain _chain;

    /// <summary>Begins a text.</summary>
    /// <param name="tokenizer">The tokenizer of the tokens.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_tokenizer, _skipsSpecialTokens) = (tokenizer, skipSpecialTokens);
        _chain = tokenizer.StartDecoding();
    }

    /// <summary>
    /// Takes the next token; the text that is certain by now and was not given before. Bytes of a character that is not
    /// whole yet are held back; so are tokens of single bytes, where the tokenizer has such, until another token
    /// follows. A number that is no token is left out.
    /// </summary>
    public string Append(long token) =>
        token is >= 0 and <= int.MaxValue && _tokenizer.Spelling((int)token, _skipsSpecialTokens) is { } spelling
            ? _chain.Append(spelling)
            : "";

    /// <summary>
    /// Ends the text: what was held back, with U+FFFD for what is no character. The next token begins another text.
    /// </summary>
    public string Flush()
    {
        var rest = _chain.Flush();
        _chain = _tokenizer.StartDecoding();
        return rest;
    }
}
