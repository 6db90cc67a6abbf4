namespace OnnxIntervene.Tokenization.Texts;

/// <summary>A text under change; each character knows what part of the first text it came from. Immutable.</summary>
internal sealed class TrackedText
{
    // Null while the characters are those of the first text.
    private readonly (int Start, int End)[]? _origins;
    private readonly int _offset;

    private TrackedText(string text, (int Start, int End)[]? origins, int offset) =>
        (Text, _origins, _offset) = (text, origins, offset);

    /// <summary>The characters as they are now.</summary>
    public string Text { get; }

    /// <summary>How many UTF-16 characters there are now.</summary>
    public int Length => Text.Length;

    /// <summary>A part of the first text, from <paramref name="start"/>; half surrogates become U+FFFD.</summary>
    public static TrackedText Of(ReadOnlySpan<char> text, int start) =>
        new(text.ContainsAnyInRange('\uD800', '\uDFFF') ? Whole(text) : text.ToString(), null, start);

    /// <summary>Characters with where each came from.</summary>
    public static TrackedText Of(string text, (int Start, int End)[] origins) => new(text, origins, 0);

    /// <summary>Where a character's origin begins in the first text.</summary>
    public int Start(int index) => _origins is null ? _offset + index : _origins[_offset + index].Start;

    /// <summary>Where a character's origin ends in the first text.</summary>
    public int End(int index) => _origins is null ? _offset + index + 1 : _origins[_offset + index].End;

    /// <summary>A part.</summary>
    public TrackedText Slice(int start, int length) =>
        length == Length ? this : new TrackedText(Text.Substring(start, length), _origins, _offset + start);

    private static string Whole(ReadOnlySpan<char> text)
    {
        var characters = text.ToArray();
        for (var index = 0; index < characters.Length; index++)
        {
            if (!char.IsSurrogate(characters[index]))
                continue;
            if (index + 1 < characters.Length && char.IsSurrogatePair(characters[index], characters[index + 1]))
                index++;
            else
                characters[index] = '\uFFFD';
        }

        return new string(characters);
    }
}
