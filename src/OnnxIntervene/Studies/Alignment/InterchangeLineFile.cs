using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Reads interchanges of texts from JSON Lines (jsonlines.org), an object a line: <c>base</c> and <c>source</c>
/// (several: <c>sources</c>, a list in which null skips), <c>label</c>, and if it is known <c>base_label</c>, the right
/// answer without interchange. Each may be numbers in place of texts: <c>base_ids</c>, <c>source_ids</c>,
/// <c>label_id</c>, <c>base_label_id</c>. <c>positions</c> gives positions names: a number (from the end where it is
/// negative), a list of them, or a part of the text. Sources have the same ones, looked for in their own text, unless
/// <c>source_positions</c> gives others.
/// </summary>
public static class InterchangeLineFile
{
    private const long LongestFile = 1 << 28;

    private static readonly string[] s_keys =
    [
        "base",
        "base_ids",
        "source",
        "source_ids",
        "sources",
        "label",
        "label_id",
        "base_label",
        "base_label_id",
        "positions",
        "source_positions",
    ];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model, whose tokenizer reads texts.</param>
    /// <param name="answers">The tokens that the model chooses among; empty for all.</param>
    /// <exception cref="ModelFormatException">A line is not such an object; the message names it.</exception>
    /// <exception cref="InterventionException">
    /// A text cannot be read by the tokenizer, a label is not one token, or a position is not in its text; the message
    /// names the line.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static InterchangeDataSet Read(string path, LoadedModel model, ImmutableArray<int> answers = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(model);
        ImmutableArray<InterchangeExample> examples =
        [
            .. JsonLines.Read(path, LongestFile).Select(line => ReadLine(line.Text, line.Name, model)),
        ];
        if (examples.IsEmpty)
            throw new ModelFormatException(
                $"'{path}' holds no examples; each line is a JSON object with \"base\", \"source\" and \"label\"."
            );
        var data = new InterchangeDataSet(examples) { Answers = answers.IsDefault ? [] : answers };
        data.Check(model);
        return data;
    }

    private static InterchangeExample ReadLine(string line, string name, LoadedModel model)
    {
        var place = JsonText.Parse(line, JsonSource.File(name)).WithKeys(s_keys);
        try
        {
            return Example(place, name, model);
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"{name}: {fault.Message}", fault);
        }
    }

    private static InterchangeExample Example(JsonPlace place, string name, LoadedModel model)
    {
        var @base = Text(place, "base", model) ?? throw place.Fault("\"base\" is left out, and \"base_ids\" too");
        var places = place.Find("positions");
        return new InterchangeExample
        {
            Origin = name,
            Base = Input(@base, places),
            Sources =
            [
                .. SourcesOf(place, model).Select(text => text is null ? null : SourceInput(place, text, places)),
            ],
            Label = Label(place, "label", model) ?? throw place.Fault("\"label\" is left out, and \"label_id\" too"),
            BaseLabel = Label(place, "base_label", model),
        };
    }

    private static IEnumerable<PromptText?> SourcesOf(JsonPlace place, LoadedModel model)
    {
        var one = Text(place, "source", model);
        if (place.Find("sources") is not { } several)
            return one is not null
                ? [one]
                : throw place.Fault("the source is left out; give \"source\", \"source_ids\" or \"sources\"");
        if (one is not null)
            throw several.Fault("one source is given as well; give one of them");
        return several
            .Items("a list of texts, in which null skips")
            .Select(item =>
                item.IsNothing ? null
                : item.IsList ? OfIds(item, model)
                : PromptText.Of(item.Text(), model.Tokenizer)
            );
    }

    private static PromptText? Text(JsonPlace place, string name, LoadedModel model)
    {
        var (text, ids) = Either(place, name, $"{name}_ids");
        return text is not null ? PromptText.Of(text.Text(), model.Tokenizer)
            : ids is not null ? OfIds(ids, model)
            : null;
    }

    private static PromptText OfIds(JsonPlace ids, LoadedModel model) =>
        PromptText.OfIds(ids.Integers(0), model.HasTokenizer ? model.TokenText : null);

    private static int? Label(JsonPlace place, string name, LoadedModel model)
    {
        var (text, id) = Either(place, name, $"{name}_id");
        return text is not null ? PromptText.Answer(text.Text(), model.Tokenizer) : id?.Integer(0);
    }

    private static (JsonPlace? Text, JsonPlace? Number) Either(JsonPlace place, string text, string number)
    {
        var found = (place.Find(text), place.Find(number));
        return found is (not null, { } twice)
            ? throw twice.Fault($"'{text}' is given as well; give one of them")
            : found;
    }

    private static InterchangeInput SourceInput(JsonPlace place, PromptText text, JsonPlace? places)
    {
        var own = place.Find("source_positions");
        var inherited = (places?.Members() ?? []).Where(item => own?.Find(item.Name) is null);
        return InterchangeInputs.Of(text, PositionsOf(text, (own?.Members() ?? []).Concat(inherited)));
    }

    private static InterchangeInput Input(PromptText text, JsonPlace? places) =>
        InterchangeInputs.Of(text, PositionsOf(text, places?.Members() ?? []));

    private static IEnumerable<(string Name, ImmutableArray<int> Positions)> PositionsOf(
        PromptText text,
        IEnumerable<JsonPlace> places
    ) =>
        places.Select(place =>
            (
                place.Name,
                place.IsText
                    ? text.PositionsOf(place.Text())
                    : InterchangeInputs.Counted(
                        text,
                        place.IsList
                            ? place.Integers()
                            : [place.Integer(what: "a position, a list of them, or a part of the text")]
                    )
            )
        );
}
