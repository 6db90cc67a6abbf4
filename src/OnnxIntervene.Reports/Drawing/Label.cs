using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>Prepares text for drawing: shows characters that cannot be seen, and cuts what is too long.</summary>
internal static class Label
{
    private const int LongestLabel = 24;
    private const string Space = "·";
    private const string Cut = "…";

    /// <summary>
    /// A token's label. Spaces at its ends become faint dots, because " Seattle" and "Seattle" are two tokens. A long
    /// one is cut at the same place whether or not the surface can show all its characters.
    /// </summary>
    public static ImmutableArray<LabelPart> Of(string label, bool isStarred, Func<Rune, bool> canShow)
    {
        var pieces = Pieces(label, canShow);
        var kept = pieces.Length - Excess(Pieces(label, EmbeddedFont.Has));
        var ending = (kept < pieces.Length ? Cut : "") + (isStarred ? "*" : "");
        return Join(pieces[..kept].Append(new LabelPart(ending, false)));
    }

    /// <summary>Text of any length, such as a title, with what cannot be shown written as an escape.</summary>
    public static string Plain(string text, Func<Rune, bool> canShow) =>
        string.Concat(text.EnumerateRunes().Select(rune => Show(rune, canShow)));

    /// <summary>A label as it is drawn in a picture, without its parts.</summary>
    public static string Drawn(string label, bool isStarred) =>
        string.Concat(Of(label, isStarred, EmbeddedFont.Has).Select(part => part.Text));

    private static LabelPart[] Pieces(string label, Func<Rune, bool> canShow)
    {
        var first = label.Length - label.TrimStart(' ').Length;
        var last = label.TrimEnd(' ').Length;
        var pieces = new List<LabelPart>();
        var index = 0;
        foreach (var rune in label.EnumerateRunes())
        {
            var isFaint = index < first || index >= last;
            pieces.Add(isFaint ? new LabelPart(Space, true) : new LabelPart(Show(rune, canShow), false));
            index += rune.Utf16SequenceLength;
        }

        return [.. pieces];
    }

    private static int Excess(LabelPart[] pieces)
    {
        if (pieces.Sum(piece => piece.Text.Length) <= LongestLabel)
            return 0;
        var (kept, length) = (0, Cut.Length);
        while ((length += pieces[kept].Text.Length) <= LongestLabel)
            kept++;
        return pieces.Length - kept;
    }

    private static ImmutableArray<LabelPart> Join(IEnumerable<LabelPart> pieces)
    {
        var parts = ImmutableArray.CreateBuilder<LabelPart>();
        foreach (var piece in pieces.Where(piece => piece.Text.Length > 0))
        {
            if (parts.Count > 0 && parts[^1].IsFaint == piece.IsFaint)
                parts[^1] = piece with { Text = parts[^1].Text + piece.Text };
            else
                parts.Add(piece);
        }

        return parts.ToImmutable();
    }

    private static string Show(Rune rune, Func<Rune, bool> canShow) =>
        rune.Value switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            ' ' => " ",
            > 0xFFFF when IsInvisible(rune) || !canShow(rune) => $"\\U{rune.Value:X8}",
            _ when IsInvisible(rune) || !canShow(rune) => $"\\u{rune.Value:X4}",
            _ => rune.ToString(),
        };

    // They include the marks that change the direction of text, which could make a token look like another.
    private static bool IsInvisible(Rune rune) =>
        Rune.IsWhiteSpace(rune)
        || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.PrivateUse;
}
