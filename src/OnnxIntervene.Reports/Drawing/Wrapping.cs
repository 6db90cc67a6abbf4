using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Breaks text into lines.</summary>
internal static class Wrapping
{
    /// <summary>Lines no wider than <paramref name="width"/>; what does not fit into the last is cut.</summary>
    public static ImmutableArray<string> Lines(string text, float size, float width, int most)
    {
        var lines = ImmutableArray.CreateBuilder<string>();
        var rest = text.Trim(' ');
        while (rest.Length > 0 && lines.Count < most)
        {
            var length = Fitting(rest, size, width);
            if (length < rest.Length && lines.Count == most - 1)
            {
                lines.Add($"{rest[..Fitting(rest, size, width - EmbeddedFont.Measure("…", size))].TrimEnd(' ')}…");
                break;
            }

            lines.Add(rest[..length].TrimEnd(' '));
            rest = rest[length..].TrimStart(' ');
        }

        return lines.ToImmutable();
    }

    private static int Fitting(string text, float size, float width)
    {
        using var font = EmbeddedFont.Create(size);
        var fitting = Math.Max(1, font.BreakText(text, width));
        if (fitting >= text.Length)
            return text.Length;
        var space = text.LastIndexOf(' ', fitting);
        if (space > 0)
            return space;
        return fitting > 1 && char.IsLowSurrogate(text[fitting]) ? fitting - 1 : fitting;
    }
}
