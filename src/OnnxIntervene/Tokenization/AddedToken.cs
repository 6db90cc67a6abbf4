namespace OnnxIntervene.Tokenization;

/// <summary>A token that is looked for in the text itself, before the model sees the rest.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether it is left out of decoded texts on request.</summary>
    public bool IsSpecial { get; init; }

    /// <summary>Whether white space before it belongs to it.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Whether white space after it belongs to it.</summary>
    public bool StripsRight { get; init; }

    /// <summary>Whether it is looked for after the text is normalized, and not before.</summary>
    public bool IsNormalized { get; init; }

    /// <summary>Whether it is no token inside a word.</summary>
    public bool IsSingleWord { get; init; }

    /// <summary>A special token that is found as it is spelled.</summary>
    public static AddedToken Special(int id, string content) => new(id, content) { IsSpecial = true };
}
