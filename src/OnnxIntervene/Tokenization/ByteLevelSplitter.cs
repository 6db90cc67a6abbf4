using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OnnxIntervene.Tokenization;

/// <summary>
/// Cuts text into the pieces within which byte pairs are merged: GPT-2's pattern, and single digits where the tokenizer
/// wants them.
/// </summary>
internal sealed partial class ByteLevelSplitter(bool singleDigits, bool usesPattern)
{
    // Stand-ins of one UTF-16 character for characters outside the basic plane, which the pattern would treat as two
    // symbols.
    private const char Letter = 'Ω';
    private const char Number = '²';
    private const char Other = '☃';

    /// <summary>The pieces of a text, in order, as ranges of its characters.</summary>
    public List<Range> Split(ReadOnlySpan<char> text)
    {
        var (shape, offsets) = Shape(text);
        var pieces = new List<Range>();
        var start = 0;
        for (var index = 0; singleDigits && index < shape.Length; index++)
        {
            if (!char.IsNumber(shape[index]))
                continue;
            AddPieces(shape, start, index, offsets, pieces);
            AddPieces(shape, index, index + 1, offsets, pieces);
            start = index + 1;
        }

        AddPieces(shape, start, shape.Length, offsets, pieces);
        return pieces;
    }

    private void AddPieces(string shape, int start, int end, List<int> offsets, List<Range> pieces)
    {
        if (start == end)
            return;
        if (!usesPattern)
        {
            pieces.Add(offsets[start]..offsets[end]);
            return;
        }

        foreach (var match in Pieces().EnumerateMatches(shape.AsSpan(start, end - start)))
            pieces.Add(offsets[start + match.Index]..offsets[start + match.Index + match.Length]);
    }

    // One character for each code point, and where in the text it begins.
    private static (string Shape, List<int> Offsets) Shape(ReadOnlySpan<char> text)
    {
        var shape = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        var index = 0;
        while (index < text.Length)
        {
            offsets.Add(index);
            Rune.DecodeFromUtf16(text[index..], out var rune, out var length);
            shape.Append(length == 1 ? text[index] : StandIn(rune));
            index += length;
        }

        offsets.Add(text.Length);
        return (shape.ToString(), offsets);
    }

    private static char StandIn(Rune rune) =>
        Rune.GetUnicodeCategory(rune) switch
        {
            >= UnicodeCategory.UppercaseLetter and <= UnicodeCategory.OtherLetter => Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
            _ => Other,
        };

    // github.com/openai/gpt-2, src/encoder.py.
    [GeneratedRegex(
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Pieces();
}
