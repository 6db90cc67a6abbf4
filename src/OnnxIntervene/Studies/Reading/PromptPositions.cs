using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Reading;

/// <summary>Which positions of prompts a study reads. Immutable.</summary>
public sealed class PromptPositions
{
    private const string AllName = "all";

    private readonly ImmutableArray<string> _names;
    private readonly ImmutableArray<int> _numbers;

    private PromptPositions(ImmutableArray<string> names, ImmutableArray<int> numbers) =>
        (_names, _numbers) = (names, numbers);

    /// <summary>Every position; the prompts must have equally many tokens.</summary>
    public static PromptPositions All { get; } = new([], []);

    /// <summary>The last token of each prompt.</summary>
    public static PromptPositions Last { get; } = Named(PositionColumns.Last);

    /// <summary>
    /// Named positions of the prompts (<see cref="StudyPrompt.Positions"/>); a name that stands for several tokens
    /// means the last of them. Where a prompt has no position of the name <c>last</c>, that is its last token.
    /// </summary>
    public static PromptPositions Named(params ImmutableArray<string> names) => new(names, []);

    /// <summary>Positions by number, counted from 0; the prompts must have equally many tokens.</summary>
    public static PromptPositions At(params ImmutableArray<int> numbers) => new([], numbers);

    /// <summary>
    /// Reads <c>all</c>, <c>last</c>, names as in <c>subject,last</c>, or numbers as in <c>0-3,5</c>.
    /// </summary>
    /// <exception cref="InterventionException">The text is none of these.</exception>
    public static PromptPositions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        if (parts is [AllName])
            return All;
        if (parts.Any(part => part.Length == 0))
            throw new InterventionException($"The positions '{text}' have an empty part. Write 0-3,5 or subject,last.");
        var ranges = parts.Select(Range).ToList();
        if (ranges.TrueForAll(range => range is null))
            return Named([.. parts]);
        return ranges.TrueForAll(range => range is not null)
            ? At([.. ranges.SelectMany(range => range!).Distinct()])
            : throw new InterventionException($"The positions '{text}' are names and numbers; give one or the other.");
    }

    /// <summary>Finds the positions in each prompt.</summary>
    /// <exception cref="InterventionException">
    /// A prompt lacks a position, or the prompts' lengths differ where that leaves open which positions belong
    /// together.
    /// </exception>
    public ImmutableArray<PositionColumn> ColumnsOf(ImmutableArray<StudyPrompt> prompts)
    {
        if (prompts.IsDefaultOrEmpty)
            throw new InterventionException("There are no prompts.");
        var columns = PositionColumns.Of(prompts, _numbers, _names);
        columns.RequireEqualLengths();
        return
        [
            .. columns.Labels.Select(
                (label, column) =>
                    new PositionColumn(
                        label,
                        [.. Enumerable.Range(0, prompts.Length).Select(prompt => columns.Of(prompt, column).Max())]
                    )
            ),
        ];
    }

    private static IEnumerable<int>? Range(string part)
    {
        var ends = part.Split('-');
        return ends.Length <= 2 && IsNumber(ends[0], out var first) && IsNumber(ends[^1], out var last) && first <= last
            ? Enumerable.Range(first, last - first + 1)
            : null;
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 1_000_000;
}
