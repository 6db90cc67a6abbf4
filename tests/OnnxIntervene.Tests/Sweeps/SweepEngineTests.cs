using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>What the planner computes is what one run of the whole model for each cell computes.</summary>
public sealed class SweepEngineTests
{
    private const int Length = 7;

    // Layers of every other model are divided around their attention: those of encoders are not, and a file that takes
    // one length alone cannot be.
    private const string LaterPositions = "positions read later ones";
    private const string FixedLength = "Got invalid dimensions for input";

    [TestCaseSource(typeof(ReferenceExports), nameof(ReferenceExports.LanguageModels))]
    public void The_planner_equals_one_run_for_each_cell(string export)
    {
        using var model = ReferenceExports.Load(export);
        var pair = Pair(Tokens(model, 3, changed: false), Tokens(model, 3, changed: true));
        foreach (var (layers, components) in Components(model))
        {
            var request = new PatchSweepRequest
            {
                Prompts = [pair],
                Components = components,
                Layers = layers,
            };
            var fast = PatchSweep.Run(model, request);
            var naive = PatchSweep.Run(model, request, options: new SweepOptions { IsNaive = true });

            for (var grid = 0; grid < components.Length; grid++)
            {
                var (one, other) = (fast.Of(grid).Mean.Values, naive.Of(grid).Mean.Values);
                Assert.That(
                    Difference.Largest(one.Span, other.Span),
                    Is.LessThan(1e-4),
                    $"{components[grid]}: {fast.Plan}"
                );
            }

            Assert.That(fast.Plan.Share, Is.LessThanOrEqualTo(1), $"{fast.Plan}");
            RequireFastest(model, fast.Plan);
            TestContext.Out.WriteLine($"{string.Join(", ", components)}: {fast.Plan}");
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

    private static void RequireFastest(LoadedModel model, SweepPlan plan)
    {
        if (CacheNames.AreIn(model.Components))
            Assert.That(plan.WholeLayers, Is.Null);
        if (plan.Obstacle is { } obstacle)
            Assert.That(obstacle, Does.Contain(FixedLength));
        else if (plan.WholeLayers is { } why)
            Assert.That(why, Does.Contain(LaterPositions));
        else
            Assert.That(plan.Method, Does.Contain("around attention"));
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

    // Every component that the model has, those of the same layers together. Probabilities take fused attention apart,
    // which the others are to be measured without.
    private static IEnumerable<(ImmutableArray<int> Layers, ImmutableArray<string> Components)> Components(
        LoadedModel model
    ) =>
        model
            .Components.Components.Where(component => component.Address.Stack is null)
            .GroupBy(component => component.Address.Name)
            .Select(group => (group.Key, Layers: group.Select(component => component.Address.Layer).Order().ToList()))
            .GroupBy(item => (string.Join(',', item.Layers), item.Key == "attention_weight"))
            .Select(group =>
                (group.First().Layers.ToImmutableArray(), group.Select(item => item.Key).ToImmutableArray())
            );
}
