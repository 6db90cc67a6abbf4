using System.Text;
using System.Xml;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Escapes text from anywhere for XML and HTML.</summary>
internal static class Markup
{
    /// <summary>The text with markup escaped, safe in elements and in quoted attributes.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                <= 0xFFFF when !XmlConvert.IsXmlChar((char)rune.Value) => escaped.Append('\uFFFD'),
                _ => escaped.Append(rune.ToString()),
            };
        }

        return escaped.ToString();
    }
}
