using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Testing;

/// <summary>Prompts of the tasks that the default model was trained on.</summary>
public static class DefaultTasks
{
    private static readonly string[] s_tasks = ["facts", "indirect_object", "number_agreement", "pronoun", "price"];

    /// <summary>
    /// Pairs of equally many tokens, of all tasks in turn. Their positions are called <c>changed</c>, where the two
    /// prompts first differ, and <c>subject</c>, which is the same token.
    /// </summary>
    public static ImmutableArray<StudyPrompt> Pairs(LoadedModel model, int count) => Pairs(model, s_tasks, count);

    /// <summary>Pairs of one task, such as <c>indirect_object</c>.</summary>
    public static ImmutableArray<StudyPrompt> Pairs(LoadedModel model, string task, int count) =>
        Pairs(model, [task], count);

    private static ImmutableArray<StudyPrompt> Pairs(LoadedModel model, string[] names, int count)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.DefaultModel, "tasks.json")));
        var tasks = names
            .Select(name => json.RootElement.GetProperty(name).GetProperty("pairs").EnumerateArray().ToList())
            .ToList();
        var prompts = ImmutableArray.CreateBuilder<StudyPrompt>();
        for (var index = 0; prompts.Count < count; index++)
        {
            foreach (var pairs in tasks.Where(pairs => index < pairs.Count && prompts.Count < count))
            {
                if (Pair(pairs[index], model) is { } prompt)
                    prompts.Add(prompt);
            }
        }

        return prompts.ToImmutable();
    }

    private static StudyPrompt? Pair(JsonElement pair, LoadedModel model)
    {
        var (clean, corrupt) = (Text(pair, "clean", model), Text(pair, "corrupt", model));
        if (clean.Ids.Length != corrupt.Ids.Length)
            return null;
        ImmutableArray<int> changed =
        [
            Enumerable.Range(0, clean.Ids.Length).First(position => clean.Ids[position] != corrupt.Ids[position]),
        ];
        return StudyPrompt.Of(clean, corrupt) with
        {
            Answer = Token(pair, "answer", model),
            Wrong = Token(pair, "corrupt_answer", model),
            Positions = ImmutableSortedDictionary<string, ImmutableArray<int>>
                .Empty.Add("changed", changed)
                .Add("subject", changed),
        };
    }

    private static PromptText Text(JsonElement pair, string name, LoadedModel model) =>
        PromptText.Of(pair.GetProperty(name).GetString()!, model.Tokenizer);

    private static int Token(JsonElement pair, string name, LoadedModel model) =>
        PromptText.Answer(pair.GetProperty(name).GetString()!, model.Tokenizer);
}
