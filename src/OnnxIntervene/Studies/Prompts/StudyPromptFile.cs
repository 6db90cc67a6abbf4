using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Studies.Prompts;

/// <summary>
/// Reads the prompts of a study from JSON Lines (jsonlines.org), an object a line: <c>clean</c> (or <c>prompt</c>),
/// <c>corrupt</c>, <c>answer</c>, <c>wrong</c>, <c>metric_position</c>, <c>label</c>, <c>subject</c> and
/// <c>positions</c>. Each text may be token ids in place of it: <c>clean_ids</c>, <c>corrupt_ids</c>, <c>answer_id</c>,
/// <c>wrong_id</c>. Positions have names; each is a number (from the end where it is negative), a list of them, or a
/// part of the clean text: <c>"positions": {"verb": 4, "subject": "young salmon", "end": -1}</c>.
/// </summary>
public static class StudyPromptFile
{
    /// <summary>The name that the positions of <c>subject</c> get.</summary>
    public const string Subject = "subject";

    private const long LongestFile = 1 << 28;

    private static readonly string[] s_keys =
    [
        "clean",
        "prompt",
        "clean_ids",
        "prompt_ids",
        "corrupt",
        "corrupt_ids",
        "answer",
        "answer_id",
        "wrong",
        "wrong_id",
        "metric_position",
        "label",
        Subject,
        "positions",
    ];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model, whose tokenizer reads texts.</param>
    /// <exception cref="ModelFormatException">A line is not such an object; the message names it.</exception>
    /// <exception cref="InterventionException">
    /// A text cannot be read by the tokenizer, an answer is not one token, or a position is not in its prompt.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImmutableArray<StudyPrompt> Read(string path, LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(model);
        ImmutableArray<StudyPrompt> prompts =
        [
            .. JsonLines.Read(path, LongestFile).Select(line => ReadLine(line.Text, line.Name, model)),
        ];
        return !prompts.IsEmpty
            ? prompts
            : throw new ModelFormatException($"'{path}' holds no prompts; each line is a JSON object with \"clean\".");
    }

    private static StudyPrompt ReadLine(string line, string name, LoadedModel model)
    {
        var place = JsonText.Parse(line, JsonSource.File(name)).WithKeys(s_keys);
        try
        {
            var clean = Prompt(place, "clean", model) ?? Prompt(place, "prompt", model);
            return Complete(
                place,
                clean ?? throw place.Fault("the prompt is left out; give \"clean\", or \"clean_ids\""),
                model
            );
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"{name}: {fault.Message}", fault);
        }
    }

    private static StudyPrompt Complete(JsonPlace place, PromptText clean, LoadedModel model)
    {
        var corrupt = Prompt(place, "corrupt", model);
        if (corrupt is not null)
            PromptText.RequireEqualLength(clean, corrupt);
        var positions = place.Find("positions")?.Members() ?? [];
        var named = positions.ToImmutableSortedDictionary(
            position => position.Name,
            position => PositionsOf(position, clean),
            StringComparer.Ordinal
        );
        if (place.Find(Subject) is { } subject)
            named = named.SetItem(Subject, PositionsOf(subject, clean));
        return StudyPrompt.Of(clean, corrupt) with
        {
            Answer = Answer(place, "answer", model),
            Wrong = Answer(place, "wrong", model),
            MetricPosition = place.Find("metric_position") is { } at ? PositionsOf(at, clean)[^1] : null,
            Label = place.Find("label") is { } label ? LabelOf(label) : null,
            Positions = named,
        };
    }

    private static PromptText? Prompt(JsonPlace place, string name, LoadedModel model)
    {
        var (text, ids) = (place.Find(name), place.Find($"{name}_ids"));
        if (text is not null && ids is not null)
            throw ids.Fault($"'{name}' is given as well; give one of them");
        return text is not null ? PromptText.Of(text.Text(), model.Tokenizer)
            : ids is not null ? PromptText.OfIds(ids.Integers(0), model.HasTokenizer ? model.TokenText : null)
            : null;
    }

    private static int? Answer(JsonPlace place, string name, LoadedModel model)
    {
        var (text, id) = (place.Find(name), place.Find($"{name}_id"));
        if (text is not null && id is not null)
            throw id.Fault($"'{name}' is given as well; give one of them");
        return text is not null ? PromptText.Answer(text.Text(), model.Tokenizer) : id?.Integer(0);
    }

    private static string LabelOf(JsonPlace place) => place.IsText ? place.Text() : place.Shown;

    private static ImmutableArray<int> PositionsOf(JsonPlace place, PromptText prompt)
    {
        if (place.IsText)
            return prompt.PositionsOf(place.Text());
        int[] given = place.IsList ? place.Integers() : [place.Integer(what: "a position, a list of them, or a text")];
        var count = prompt.Ids.Length;
        if (given.Where(position => position < -count).Take(1).ToList() is [var before])
            throw place.Fault($"there is no position {before} in {count} tokens; from the end they are -1 to -{count}");
        ImmutableArray<int> positions = [.. given.Select(position => position < 0 ? position + count : position)];
        prompt.RequirePositions(positions);
        return positions;
    }
}
