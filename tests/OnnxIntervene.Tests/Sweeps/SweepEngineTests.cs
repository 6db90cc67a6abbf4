using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
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

    private static IEnumerable<string> LanguageModels() => ReferenceExports.All().Where(IsLanguageModel);

    [TestCaseSource(nameof(LanguageModels))]
    public void The_planner_equals_one_run_for_each_cell(string export)
    {
        using var model = ReferenceExports.Load(export);
        var (clean, corrupt) = (Tokens(model, 3, changed: false), Tokens(model, 3, changed: true));
        foreach (var component in s_components.Where(name => HasAll(model, name)))
        {
            var request = new PatchSweepRequest { Prompts = [Pair(clean, corrupt)], Components = [component] };
            var fast = PatchSweep.Run(model, request);
            var naive = PatchSweep.Run(model, request, options: new SweepOptions { IsNaive = true });

            Assert.That(
                Difference.Largest(fast.Prompts[0].Values.Span, naive.Prompts[0].Values.Span),
                Is.LessThan(1e-4),
                $"{component}: {fast.Plan}"
            );
            Assert.That(fast.Plan.Share, Is.LessThanOrEqualTo(1), component);
            TestContext.Out.WriteLine($"{component}: {fast.Plan}");
        }
    }

    // Disposing a model waits for every session that is lent. The sweep is ended at one stage after the other.
    [Test]
    public void A_cancelled_sweep_gives_its_sessions_back()
    {
        var model = ReferenceExports.Load("gpt2/optimum-past");
        var request = new PatchSweepRequest
        {
            Prompts = [Pair(Tokens(model, 3, changed: false), Tokens(model, 3, changed: true))],
        };

        Assert.That(() => RunFor(TimeSpan.Zero), Throws.InstanceOf<OperationCanceledException>());
        for (var milliseconds = 10; !IsDoneIn(milliseconds); milliseconds += 10)
            continue;
        Assert.That(Task.Run(model.Dispose).Wait(TimeSpan.FromSeconds(30)), Is.True, "a session is still lent");

        void RunFor(TimeSpan time)
        {
            using var ending = new CancellationTokenSource(time);
            PatchSweep.Run(model, request, cancellation: ending.Token);
        }

        bool IsDoneIn(int milliseconds)
        {
            try
            {
                RunFor(TimeSpan.FromMilliseconds(milliseconds));
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    private static StudyPrompt Pair(ModelInputs clean, ModelInputs corrupt) =>
        new()
        {
            Inputs = clean,
            Corrupt = corrupt,
            Answer = 5,
            Wrong = 9,
        };

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
        using var model = ReferenceExports.Load(export);
        return model.Components.LayerCount > 0
            && model.Model.Graph.Inputs.Any(input => input.Name == ModelInputs.TokenInput)
            && model.Model.Graph.Outputs[0].Type?.Shape?.Rank == 3
            && model.Model.Graph.Inputs.All(input =>
                input.Name == ModelInputs.TokenInput || InputFiller.IsOfTheText(input.Name)
            );
    }
}
