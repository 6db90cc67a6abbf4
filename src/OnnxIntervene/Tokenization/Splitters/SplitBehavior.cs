using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>What becomes of the places where a text is cut (Hugging Face's SplitDelimiterBehavior).</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Cuts a text at delimiters.</summary>
internal static class Delimiters
{
    public static SplitBehavior Read(JsonPlace json, SplitBehavior? otherwise = null) =>
        json.IsNothing && otherwise is { } usual ? usual
        : Enum.TryParse<SplitBehavior>(json.Text("what becomes of delimiters"), out var behavior)
        && char.IsAsciiLetter(json.Text()[0])
            ? behavior
        : throw json.Expected($"one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");

    /// <summary>
    /// Adds the pieces of a text; its delimiters are ranges in order that do not overlap. An empty one cuts the text
    /// where it stands.
    /// </summary>
    public static void Cut(
        TrackedText text,
        IReadOnlyList<(int Start, int End)> found,
        bool isInverted,
        SplitBehavior behavior,
        List<TrackedText> pieces
    )
    {
        var parts = new List<Part>();
        var end = 0;
        foreach (var (start, next) in found)
        {
            AddBetween(end, start);
            parts.Add(new Part(start, next, !isInverted));
            end = next;
        }

        AddBetween(end, text.Length);
        foreach (var part in Joined(parts, behavior))
        {
            if (part.End > part.Start)
                pieces.Add(text.Slice(part.Start, part.End - part.Start));
        }

        void AddBetween(int from, int to)
        {
            if (to > from)
                parts.Add(new Part(from, to, isInverted));
        }
    }

    private static List<Part> Joined(List<Part> parts, SplitBehavior behavior)
    {
        if (behavior == SplitBehavior.Removed)
            return parts.FindAll(part => !part.IsDelimiter);
        var joined = new List<Part>(parts.Count);
        foreach (var part in parts)
        {
            if (joined.Count > 0 && BelongTogether(joined[^1], part, behavior))
                joined[^1] = joined[^1] with { End = part.End, IsDelimiter = part.IsDelimiter };
            else
                joined.Add(part);
        }

        return joined;
    }

    private static bool BelongTogether(Part left, Part right, SplitBehavior behavior) =>
        behavior switch
        {
            SplitBehavior.MergedWithPrevious => right.IsDelimiter && !left.IsDelimiter,
            SplitBehavior.MergedWithNext => left.IsDelimiter && !right.IsDelimiter,
            SplitBehavior.Contiguous => left.IsDelimiter == right.IsDelimiter,
            _ => false,
        };

    private readonly record struct Part(int Start, int End, bool IsDelimiter);
}
