using System.Globalization;
using System.Text;

namespace OnnxIntervene.Json;

/// <summary>Writes places in JSON as paths: <c>$.representations[0].rank</c> (RFC 9535).</summary>
internal static class JsonPath
{
    /// <summary>The whole text.</summary>
    public const string Root = "$";

    private const int LongestName = 80;

    /// <summary>The step to a member.</summary>
    public static string Member(string name) => IsPlain(name) ? $".{name}" : $"['{Escaped(name)}']";

    /// <summary>The step to an item of a list.</summary>
    public static string Item(int index) => string.Create(CultureInfo.InvariantCulture, $"[{index}]");

    private static bool IsPlain(string name) =>
        name.Length is > 0 and <= LongestName
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '$');

    private static string Escaped(string name)
    {
        var text = new StringBuilder();
        foreach (var letter in name.AsSpan(0, Math.Min(name.Length, LongestName)))
        {
            if (letter is '\'' or '\\')
                text.Append('\\').Append(letter);
            else if (char.IsControl(letter))
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
            else
                text.Append(letter);
        }

        return name.Length > LongestName ? text.Append('…').ToString() : text.ToString();
    }
}
