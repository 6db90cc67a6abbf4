namespace OnnxIntervene.Tokenization;

/// <summary>
/// The part of a text that a token covers, in UTF-16 characters; empty for a special token put around the text.
/// </summary>
/// <param name="Start">The first character.</param>
/// <param name="End">The place after the last character.</param>
public readonly record struct TokenSpan(int Start, int End);
