namespace OnnxIntervene.Tokenization.Decoders;

/// <summary>A part of a token's text on its way to the whole text.</summary>
/// <param name="Text">The part.</param>
/// <param name="Begins">Whether its token begins with it.</param>
internal readonly record struct TextPart(string Text, bool Begins);

/// <summary>
/// One step from tokens to a text, with the state of that text. It takes parts as they come and passes on what is
/// certain, so that a whole text and one that is still being written are decoded by the same code.
/// </summary>
internal abstract class DecoderStep
{
    /// <summary>Takes a part, and adds what becomes certain by it.</summary>
    public abstract void Append(TextPart part, List<TextPart> output);

    /// <summary>Adds what was held back: no more parts come.</summary>
    public virtual void Flush(List<TextPart> output) { }
}
