using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>Which pieces get a mark of a word's beginning that they lack.</summary>
internal enum PrependScheme
{
    Never,

    /// <summary>Only the piece with which the text begins.</summary>
    First,
    Always,
}

/// <summary>SentencePiece's words: spaces become a mark, and a word begins with its mark.</summary>
internal sealed class MetaspaceSplitter(char mark, PrependScheme scheme, bool splits, Func<string, Exception> fault)
    : Splitter
{
    public override void Split(TrackedText text, List<TrackedText> pieces)
    {
        var marked = Marked(text);
        List<(int Start, int End)> found = [];
        for (var index = 0; splits && index < marked.Length; index++)
        {
            if (marked.Text[index] == mark)
                found.Add((index, index + 1));
        }

        Delimiters.Cut(marked, found, isInverted: false, SplitBehavior.MergedWithNext, pieces);
    }

    private TrackedText Marked(TrackedText text)
    {
        var builder = new TrackedTextBuilder(text, fault);
        var first = text.Text[0];
        var isPrepended = scheme == PrependScheme.Always || (scheme == PrependScheme.First && text.Start(0) == 0);
        if (isPrepended && first != ' ' && first != mark)
            builder.Replace(0, 0, [mark]);
        for (var index = 0; index < text.Length; index++)
        {
            if (text.Text[index] == ' ')
                builder.Replace(index, 1, [mark]);
            else
                builder.Keep(index, 1);
        }

        return builder.Build();
    }
}
