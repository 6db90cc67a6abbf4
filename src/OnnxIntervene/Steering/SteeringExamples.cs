using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Steering;

/// <summary>Texts that have a property, and texts that lack it.</summary>
/// <param name="Positive">Texts that have it.</param>
/// <param name="Negative">Texts that lack it; the pair of each positive text has its number.</param>
public sealed record SteeringExamples(ImmutableArray<StudyPrompt> Positive, ImmutableArray<StudyPrompt> Negative)
{
    private const long LongestFile = 1 << 28;

    /// <summary>
    /// Reads pairs from JSON Lines: <c>{"positive": TEXT, "negative": TEXT}</c> on each line, or
    /// <c>positive_ids</c> and <c>negative_ids</c>.
    /// </summary>
    /// <exception cref="ModelFormatException">A line is not such an object; the message names it.</exception>
    /// <exception cref="InterventionException">A text has no tokens.</exception>
    public static SteeringExamples Read(string path, LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(model);
        var positive = ImmutableArray.CreateBuilder<StudyPrompt>();
        var negative = ImmutableArray.CreateBuilder<StudyPrompt>();
        foreach (var (line, name) in JsonLines.Read(path, LongestFile))
        {
            var place = JsonText
                .Parse(line, JsonSource.File(name))
                .WithKeys(["positive", "negative", "positive_ids", "negative_ids"]);
            positive.Add(Text(place, "positive", model));
            negative.Add(Text(place, "negative", model));
        }

        return positive.Count > 0
            ? new SteeringExamples(positive.ToImmutable(), negative.ToImmutable())
            : throw new ModelFormatException(
                $"'{path}' holds no pairs; each line is a JSON object with \"positive\" and \"negative\"."
            );
    }

    private static StudyPrompt Text(JsonPlace place, string key, LoadedModel model)
    {
        if (place.Find($"{key}_ids") is { } ids)
            return StudyPrompt.Of(PromptText.OfIds(ids.Integers(0), model.HasTokenizer ? model.TokenText : null));
        var text = place[key];
        var prompt = PromptText.Of(text.Text(), model.Tokenizer);
        return prompt.Ids.IsEmpty ? throw text.Fault("the text has no tokens") : StudyPrompt.Of(prompt);
    }
}
