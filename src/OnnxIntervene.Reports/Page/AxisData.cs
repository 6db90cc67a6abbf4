using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Reports.Drawing;

namespace OnnxIntervene.Reports.Page;

/// <summary>An axis as the page's script reads it.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Labels">Each place's whole label, for reading.</param>
/// <param name="Shown">
/// Each place's label as it is drawn: text, or pieces of text of which the first, third … are drawn faintly.
/// </param>
internal sealed record AxisData(string Name, IReadOnlyList<string> Labels, IReadOnlyList<object> Shown)
{
    public static AxisData Of(string name, ImmutableArray<string> labels, ImmutableArray<int> emphasized)
    {
        var starred = emphasized.ToHashSet();
        return new AxisData(
            name,
            [.. labels.Select(label => Label.Plain(label, CanShow))],
            [.. labels.Select((label, index) => Pieces(Label.Of(label, starred.Contains(index), CanShow)))]
        );
    }

    // The reader's browser has fonts for most scripts.
    private static bool CanShow(Rune rune) => rune != Rune.ReplacementChar;

    private static object Pieces(ImmutableArray<LabelPart> parts)
    {
        if (!parts.Any(part => part.IsFaint))
            return string.Concat(parts.Select(part => part.Text));
        var texts = parts.Select(part => part.Text);
        return parts[0].IsFaint ? texts.ToArray() : texts.Prepend("").ToArray();
    }
}
