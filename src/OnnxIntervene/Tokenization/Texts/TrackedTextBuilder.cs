using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>Writes the next state of a text, character by character, with their origins.</summary>
/// <param name="source">The text before.</param>
/// <param name="fault">The exception where the text grows out of proportion.</param>
internal sealed class TrackedTextBuilder(TrackedText source, Func<string, Exception> fault)
{
    // The longest known growth of a character by a normal form is 18.
    private const int MostGrowth = 64;
    private const int AlwaysAllowed = 4096;
    private readonly long _limit = AlwaysAllowed + ((long)MostGrowth * source.Length);
    private readonly StringBuilder _text = new(source.Length + 8);
    private readonly List<(int Start, int End)> _origins = new(source.Length + 8);

    /// <summary>Adds characters of the text before as they are.</summary>
    public void Keep(int start, int length)
    {
        Append(source.Text.AsSpan(start, length));
        for (var index = start; index < start + length; index++)
            _origins.Add((source.Start(index), source.End(index)));
    }

    /// <summary>Adds characters in place of a part of the text before.</summary>
    public void Replace(int start, int length, ReadOnlySpan<char> characters) =>
        Add(characters, length > 0 ? (source.Start(start), source.End(start + length - 1)) : Here(start));

    /// <summary>Adds a character with a given origin.</summary>
    public void Add(Rune rune, (int Start, int End) origin)
    {
        Span<char> characters = stackalloc char[2];
        Add(characters[..rune.EncodeToUtf16(characters)], origin);
    }

    /// <summary>The text as it is now.</summary>
    public TrackedText Build() => TrackedText.Of(_text.ToString(), [.. _origins]);

    private void Add(ReadOnlySpan<char> characters, (int Start, int End) origin)
    {
        Append(characters);
        for (var index = 0; index < characters.Length; index++)
            _origins.Add(origin);
    }

    private void Append(ReadOnlySpan<char> characters)
    {
        _text.Append(characters);
        if (_text.Length > _limit)
            throw fault($"the text of {source.Length} characters becomes more than {MostGrowth} times as long");
    }

    // What is put before a character belongs to it.
    private (int Start, int End) Here(int index)
    {
        if (index >= source.Length)
            return source.Length > 0 ? (source.End(source.Length - 1), source.End(source.Length - 1)) : (0, 0);
        var isPair = char.IsHighSurrogate(source.Text[index]) && index + 1 < source.Length;
        return (source.Start(index), source.End(isPair ? index + 1 : index));
    }
}
