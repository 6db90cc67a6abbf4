using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Normalizers;

/// <summary>What SentencePiece does to spaces.</summary>
internal sealed record SpaceRules
{
    /// <summary>The mark that stands for a space.</summary>
    public const char Mark = '▁';

    /// <summary>Whether a space is put before a text.</summary>
    public required bool AddsPrefix { get; init; }

    /// <summary>Whether that is done at the beginning of the whole text alone, and not after an added token.</summary>
    public bool AddsPrefixOnce { get; init; }

    /// <summary>Whether spaces at the ends, and those after a space, are removed.</summary>
    public required bool RemovesExtra { get; init; }

    /// <summary>Whether spaces become marks.</summary>
    public required bool Escapes { get; init; }
}

/// <summary>SentencePiece's spaces (github.com/google/sentencepiece, src/normalizer.cc).</summary>
internal sealed class SpaceNormalizer(SpaceRules rules, Func<string, Exception> fault) : Normalizer
{
    public override TrackedText Apply(TrackedText text)
    {
        var start = 0;
        while (rules.RemovesExtra && start < text.Length && text.Text[start] == ' ')
            start++;
        if (start == text.Length)
            return text.Slice(0, 0);
        var space = rules.Escapes ? SpaceRules.Mark : ' ';
        var builder = new TrackedTextBuilder(text, fault);
        if (rules.AddsPrefix && (!rules.AddsPrefixOnce || text.Start(0) == 0))
            builder.Replace(start, 0, [space]);
        for (var index = start; index < text.Length; index++)
        {
            if (text.Text[index] != ' ')
                builder.Keep(index, 1);
            else if (!rules.RemovesExtra || text.Text[index - 1] != ' ')
                builder.Replace(index, 1, [space]);
        }

        var spaced = builder.Build();
        return rules.RemovesExtra ? spaced.Slice(0, spaced.Text.AsSpan().TrimEnd(space).Length) : spaced;
    }
}
