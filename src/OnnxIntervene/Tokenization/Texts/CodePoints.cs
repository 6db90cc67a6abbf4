using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// A text with one UTF-16 character for each code point, as regular expressions of other languages see it: a character
/// outside the basic plane is represented by one of its category.
/// </summary>
internal readonly struct CodePoints
{
    private readonly int[]? _offsets;

    /// <param name="text">The text.</param>
    /// <param name="standIns">The characters of the basic plane that represent others.</param>
    public CodePoints(string text, StandIns standIns)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            Shape = text;
            return;
        }

        var (shape, offsets) = (new StringBuilder(text.Length), new List<int>(text.Length + 1));
        for (var index = 0; index < text.Length; )
        {
            offsets.Add(index);
            Rune.DecodeFromUtf16(text.AsSpan(index), out var rune, out var length);
            shape.Append(length == 1 ? text[index] : standIns.Of(Rune.GetUnicodeCategory(rune)));
            index += length;
        }

        offsets.Add(text.Length);
        (Shape, _offsets) = (shape.ToString(), [.. offsets]);
    }

    /// <summary>One character for each code point.</summary>
    public string Shape { get; }

    /// <summary>Where a code point begins in the text; the end of the text after the last.</summary>
    public int Offset(int index) => _offsets is null ? index : _offsets[index];
}
