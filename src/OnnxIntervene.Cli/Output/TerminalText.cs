using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace OnnxIntervene.Cli.Output;

/// <summary>
/// A line for a terminal. What is filled into it (names, tokens, paths, messages) may come from a stranger's file: in
/// it, whatever could move the cursor, change colours, reverse the reading order or begin a line is shown as a dot.
/// </summary>
[InterpolatedStringHandler]
internal readonly struct TerminalText(int literalLength, int filledCount)
{
    private const char Dot = '·';

    // In emoji and in scripts that join letters.
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    private readonly StringBuilder _text = new(literalLength + (16 * filledCount));

    /// <summary>A text on one line that a terminal shows as it is.</summary>
    public static string Clean(string? text)
    {
        if (string.IsNullOrEmpty(text) || !MustClean(text))
            return text ?? "";
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            _ = IsShown(rune) ? clean.Append(rune) : clean.Append(Dot);
        return clean.ToString();
    }

    /// <summary>
    /// A message that may have several lines. Those after the first are indented, so that none can pass for a message
    /// of its own.
    /// </summary>
    public static string CleanLines(string message) =>
        string.Join("\n  ", message.ReplaceLineEndings("\n").Split('\n').Select(Clean));

    /// <summary>Adds what the program itself says.</summary>
    public void AppendLiteral(string text) => _text.Append(text);

    /// <summary>Adds what may be a stranger's.</summary>
    public void AppendFormatted<T>(T value) => AppendFormatted(value, 0, null);

    /// <summary>Adds what may be a stranger's, as a format has it.</summary>
    public void AppendFormatted<T>(T value, string? format) => AppendFormatted(value, 0, format);

    /// <summary>Adds what may be a stranger's, with spaces up to a width.</summary>
    public void AppendFormatted<T>(T value, int alignment) => AppendFormatted(value, alignment, null);

    /// <summary>Adds what may be a stranger's, as a format has it, with spaces up to a width.</summary>
    public void AppendFormatted<T>(T value, int alignment, string? format)
    {
        var text = Clean(
            value is IFormattable number ? number.ToString(format, CultureInfo.InvariantCulture) : value?.ToString()
        );
        _text.Append(alignment < 0 ? text.PadRight(-alignment) : text.PadLeft(alignment));
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private static bool MustClean(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsShown(rune))
                return true;
        }

        return false;
    }

    private static bool IsShown(Rune rune) =>
        Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
            UnicodeCategory.Format => rune.Value is ZeroWidthNonJoiner or ZeroWidthJoiner,
            _ => true,
        };
}
