using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Normalizers;

/// <summary>What a tokenizer does to a text before it is cut into pieces. Immutable.</summary>
internal abstract class Normalizer
{
    /// <summary>The text after this step.</summary>
    public abstract TrackedText Apply(TrackedText text);
}

/// <summary>Steps one after the other; none where a tokenizer leaves texts as they are.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public static readonly NormalizerSequence None = new([]);

    public override TrackedText Apply(TrackedText text) => steps.Aggregate(text, (state, step) => step.Apply(state));
}

/// <summary>One of Unicode's normal forms.</summary>
internal sealed class FormNormalizer(NormalForm form, Func<string, Exception> fault) : Normalizer
{
    public override TrackedText Apply(TrackedText text) => form.Apply(text, fault);
}

/// <summary>A text before every text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix, Func<string, Exception> fault) : Normalizer
{
    public override TrackedText Apply(TrackedText text)
    {
        if (text.Length == 0 || prefix.Length == 0)
            return text;
        var builder = new TrackedTextBuilder(text, fault);
        builder.Replace(0, 0, prefix);
        builder.Keep(0, text.Length);
        return builder.Build();
    }
}

/// <summary>A text in place of each place where a pattern is found.</summary>
internal sealed class ReplaceNormalizer(BoundedPattern pattern, string content, Func<string, Exception> fault)
    : Normalizer
{
    public override TrackedText Apply(TrackedText text)
    {
        var found = pattern.Find(text.Text);
        if (found.Count == 0)
            return text;
        var builder = new TrackedTextBuilder(text, fault);
        var kept = 0;
        foreach (var (start, end) in found)
        {
            builder.Keep(kept, start - kept);
            builder.Replace(start, end - start, content);
            kept = end;
        }

        builder.Keep(kept, text.Length - kept);
        return builder.Build();
    }
}

/// <summary>White space at the ends is removed.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override TrackedText Apply(TrackedText text)
    {
        var (start, end) = (0, text.Length);
        while (left && start < end && char.IsWhiteSpace(text.Text[start]))
            start++;
        while (right && end > start && char.IsWhiteSpace(text.Text[end - 1]))
            end--;
        return text.Slice(start, end - start);
    }
}

/// <summary>A character of GPT-2's alphabet for each byte.</summary>
internal sealed class ByteNormalizer : Normalizer
{
    public override TrackedText Apply(TrackedText text) => ByteAlphabet.Spell(text);
}
