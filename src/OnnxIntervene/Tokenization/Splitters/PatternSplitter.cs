using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>Cuts where a pattern is found; a pattern that is found nowhere is null.</summary>
internal sealed class PatternSplitter(BoundedPattern? pattern, SplitBehavior behavior, bool isInverted) : Splitter
{
    public override void Split(TrackedText text, List<TrackedText> pieces) =>
        Delimiters.Cut(text, pattern?.Find(text.Text) ?? [], isInverted, behavior, pieces);
}
