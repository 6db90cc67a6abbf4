namespace OnnxIntervene.Tokenization;

/// <summary>A token that is looked for in the text itself, before the model sees the rest.</summary>
internal sealed record AddedToken(int Id, string Content, bool IsSpecial, bool StripsLeft, bool StripsRight);
