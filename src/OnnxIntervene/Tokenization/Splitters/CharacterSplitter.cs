using System.Text;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>Cuts at characters of a class, each of them a delimiter.</summary>
internal sealed class CharacterSplitter(Func<Rune, bool> isDelimiter, SplitBehavior behavior) : Splitter
{
    public override void Split(TrackedText text, List<TrackedText> pieces)
    {
        var found = new List<(int Start, int End)>();
        for (var index = 0; index < text.Length; )
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(index), out var rune, out var length);
            if (isDelimiter(rune))
                found.Add((index, index + length));
            index += length;
        }

        Delimiters.Cut(text, found, isInverted: false, behavior, pieces);
    }
}

/// <summary>Words and what stands between them; white space is removed.</summary>
internal sealed class WordSplitter : Splitter
{
    private static readonly SplitterSequence s_steps = new([
        new CharacterSplitter(Rune.IsWhiteSpace, SplitBehavior.Removed),
        new CharacterSplitter(Words.IsPart, SplitBehavior.Contiguous),
    ]);

    public override void Split(TrackedText text, List<TrackedText> pieces) => s_steps.Split(text, pieces);
}
