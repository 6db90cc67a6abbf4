using System.Text.RegularExpressions;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>GPT-2's pieces, in characters of its alphabet of bytes.</summary>
internal sealed partial class ByteLevelSplitter(bool addsSpace, bool usesPattern, Func<string, Exception> fault)
    : Splitter
{
    public override void Split(TrackedText text, List<TrackedText> pieces)
    {
        var spaced = addsSpace && text.Text[0] != ' ' ? WithSpace(text) : text;
        if (!usesPattern)
        {
            pieces.Add(ByteAlphabet.Spell(spaced));
            return;
        }

        var points = new CodePoints(spaced.Text, StandIns.Usual);
        foreach (var match in Pieces().EnumerateMatches(points.Shape))
        {
            var (start, end) = (points.Offset(match.Index), points.Offset(match.Index + match.Length));
            pieces.Add(ByteAlphabet.Spell(spaced.Slice(start, end - start)));
        }
    }

    private TrackedText WithSpace(TrackedText text)
    {
        var builder = new TrackedTextBuilder(text, fault);
        builder.Replace(0, 0, " ");
        builder.Keep(0, text.Length);
        return builder.Build();
    }

    // github.com/openai/gpt-2, src/encoder.py.
    [GeneratedRegex(
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Pieces();
}
