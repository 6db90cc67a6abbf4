using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>What the planner computes is what one run of the whole model for each cell computes.</summary>
public sealed class SweepEngineTests
{
    private const int Length = 7;
    private static readonly string[] s_components =
    [
        "block_output",
        "block_input",
        "attention_input",
        "attention_output",
        "mlp_output",
        "mlp_activation",
        "query_output",
        "value_output",
        "head_key_output",
        "head_attention_value_output",
        "attention_weight",
    ];

    private static IEnumerable<string> LanguageModels() =>
        RepositoryPaths
            .ReferenceModels()
            .Where(path => path.Contains("families", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(Path.Combine(RepositoryPaths.References, "families"), path))
            .Where(IsLanguageModel)
            .Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(LanguageModels))]
    public void The_planner_equals_one_run_for_each_cell(string export)
    {
        using var model = Load(export);
        var (clean, corrupt) = (Tokens(model, 3, changed: false), Tokens(model, 3, changed: true));
        foreach (var component in s_components.Where(name => HasAll(model, name)))
        {
            var request = new PatchSweepRequest
            {
                Clean = clean,
                Corrupt = corrupt,
                Answer = 5,
                Wrong = 9,
                Component = component,
            };
            var fast = PatchSweep.Run(model, request);
            var naive = PatchSweep.Run(model, request, options: new SweepOptions { IsNaive = true });

            Assert.That(
                Difference.Largest(fast.AnswerLogits.Values.Span, naive.AnswerLogits.Values.Span),
                Is.LessThan(1e-4),
                $"{component}: {fast.Plan}"
            );
            Assert.That(fast.Plan!.Share, Is.LessThanOrEqualTo(1), component);
            TestContext.Out.WriteLine($"{component}: {fast.Plan}");
        }
    }

    // The first tokens are the same.
    private static ModelInputs Tokens(LoadedModel model, int seed, bool changed)
    {
        var random = new Random(seed);
        var limit = Math.Min(60, (int)(model.Components.Limits.Vocabulary ?? 60));
        var tokens = Enumerable.Range(0, Length).Select(_ => random.Next(10, limit)).ToArray();
        if (changed)
            (tokens[2], tokens[4]) = (tokens[4] + 1, tokens[2] + 1);
        return ModelInputs.FromTokens(tokens);
    }

    private static bool HasAll(LoadedModel model, string name) =>
        model.Components.Components.Count(component => component.Address.Name == name) == model.Components.LayerCount;

    private static bool IsLanguageModel(string export)
    {
        using var model = Load(export);
        return model.Components.LayerCount > 0
            && model.Model.Graph.Inputs.Any(input => input.Name == ModelInputs.TokenInput)
            && model.Model.Graph.Outputs[0].Type?.Shape?.Rank == 3
            && model.Model.Graph.Inputs.All(input =>
                input.Name == ModelInputs.TokenInput || InputFiller.IsOfTheText(input.Name)
            );
    }

    private static LoadedModel Load(string export) =>
        LoadedModel.Load(
            Path.Combine(RepositoryPaths.References, "families", export),
            new ExecutionOptions { Threads = 1 }
        );
}
