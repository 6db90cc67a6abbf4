using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>Cuts a text into the pieces within which tokens are looked for. Immutable.</summary>
internal abstract class Splitter
{
    /// <summary>Adds the pieces of a text, in order; none is empty.</summary>
    public abstract void Split(TrackedText text, List<TrackedText> pieces);
}

/// <summary>Steps one after the other, each within the pieces of the one before.</summary>
internal sealed class SplitterSequence(IReadOnlyList<Splitter> steps) : Splitter
{
    public static readonly SplitterSequence None = new([]);

    public override void Split(TrackedText text, List<TrackedText> pieces)
    {
        List<TrackedText> current = text.Length > 0 ? [text] : [];
        foreach (var step in steps)
        {
            var next = new List<TrackedText>(current.Count);
            foreach (var piece in current)
                step.Split(piece, next);
            current = next;
        }

        pieces.AddRange(current);
    }
}
