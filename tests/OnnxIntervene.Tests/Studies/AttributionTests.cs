using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>Attribution patching estimates what activation patching measures.</summary>
public sealed class AttributionTests
{
    private LoadedModel _model = null!;

    [OneTimeSetUp]
    public void Load() => _model = LoadedModel.Load(RepositoryPaths.DefaultModel, new ExecutionOptions { Threads = 1 });

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    // Where a component is most of what a layer does, one step along its gradient goes too far.
    [TestCase(50, 0, 4, new[] { 0.844, 0.940, 0.938, 0.969 })]
    [TestCase(10, 4, 2, new[] { 0.999, 0.962 })]
    public void Estimates_correlate_over_prompts_with_what_patching_measures(
        int prompts,
        int steps,
        int components,
        double[] expected
    )
    {
        string[] all = ["mlp_output", "head_attention_value_output", "block_output", "attention_output"];
        var patching = new PatchSweepRequest
        {
            Prompts = DefaultTasks.Pairs(_model, prompts),
            Components = [.. all.Take(components)],
            PositionNames = ["subject", "last"],
        };

        var estimated = AttributionSweep.Run(_model, new AttributionRequest { Patching = patching, Steps = steps });

        var agreement = AttributionComparison.Of(estimated, PatchSweep.Run(_model, patching), patching.Direction);
        foreach (var one in agreement)
            TestContext.Out.WriteLine(
                $"{prompts} prompts, {steps} steps, {one.Component}: {one.Correlation:F3} over cells, "
                    + $"{one.PromptCorrelation:F3} over cells of prompts, {one.Difference:F3} logits apart"
            );
        Assert.That(agreement.Select(one => one.Correlation), Is.EqualTo(expected).Within(0.02));
        Assert.That(agreement[0].MostDifferent, Has.Length.EqualTo(10));
    }

    [Test]
    public void Estimates_of_noising_agree_with_what_patching_measures()
    {
        const PatchDirection direction = PatchDirection.Noising;
        var request = Request("mlp_output", "head_attention_value_output") with { Direction = direction };

        var estimated = AttributionSweep.Run(_model, new AttributionRequest { Patching = request });

        var measured = PatchSweep.Run(_model, request);
        Assert.That(estimated.Clean().Mean, Is.EqualTo(measured.Clean().Mean).Within(1e-4));
        Assert.That(estimated.Corrupt().Mean, Is.EqualTo(measured.Corrupt().Mean).Within(1e-4));
        foreach (var one in AttributionComparison.Of(estimated, measured, direction))
            Assert.That(one.Correlation, Is.GreaterThan(0.8), one.Component);
    }

    // Along the way of a whole component, the integral of the gradient is what patching it does.
    [TestCase(PatchDirection.Denoising, "logit-difference", "logit", "wrong-logit")]
    [TestCase(PatchDirection.Noising, "probability", "log-probability", "kl")]
    public void Integrated_over_steps_a_components_cells_sum_to_what_patching_all_of_it_does(
        PatchDirection direction,
        params string[] metrics
    )
    {
        var request = Request("mlp_output", "head_attention_value_output", "attention_weight") with
        {
            Direction = direction,
            Metrics = [.. metrics.Select(Metric.Parse)],
            Layers = [1, 4],
        };

        var estimated = AttributionSweep.Run(_model, new AttributionRequest { Patching = request, Steps = 30 });

        var measured = PatchSweep.Run(_model, request with { Units = PatchUnits.Layer });
        for (var metric = 0; metric < metrics.Length; metric++)
        {
            var (from, largest) = (Base(estimated, direction, metric), 0.0);
            for (var cell = 0; cell < 6; cell++)
            {
                var (grid, layer) = (cell / 2, cell % 2);
                var whole = measured.Of(grid, metric).Mean[layer, 0] - from;
                largest = Math.Max(largest, Math.Abs(whole));
                Assert.That(
                    Effect(estimated, grid, metric, layer, from),
                    Is.EqualTo(whole).Within((0.02 * Math.Abs(whole)) + 2e-3),
                    $"{metrics[metric]}, grid {grid}, row {layer}"
                );
            }

            Assert.That(largest, Is.GreaterThan(0.02), $"{metrics[metric]}: nothing was changed.");
        }
    }

    [Test]
    public void Heads_and_positions_add_up_to_the_whole()
    {
        var heads = Estimate(Request("head_attention_value_output"));
        var places = Estimate(Request("attention_value_output"));

        var corrupt = heads.Corrupt().Mean;
        for (var layer = 0; layer < heads.Layouts[0].Rows.Length; layer++)
            Assert.That(
                Effect(heads, 0, 0, layer, corrupt),
                Is.EqualTo(Effect(places, 0, 0, layer, corrupt)).Within(1e-3),
                $"layer {layer}"
            );
    }

    [Test]
    public void Shards_are_merged_to_the_whole_and_a_journal_is_gone_on_with()
    {
        using var folder = new TemporaryFolder();
        var request = new AttributionRequest
        {
            Patching = new PatchSweepRequest
            {
                Prompts = DefaultTasks.Pairs(_model, 4),
                Components = ["mlp_output"],
                PositionNames = ["last"],
            },
        };
        var journals = Enumerable.Range(0, 2).Select(index => folder.File($"{index}.jsonl")).ToList();

        var whole = AttributionSweep.Run(_model, request);
        for (var index = 0; index < 2; index++)
            AttributionSweep.Run(
                _model,
                request,
                options: new SweepOptions { Shard = new SweepShard(index, 2), Journal = journals[index] }
            );

        var progress = AttributionSweep.Progress(_model, request, journals);
        var merged = AttributionSweep.Merge(_model, request, journals);
        Assert.That((progress.Done, progress.Total), Is.EqualTo((24, 24)));
        for (var prompt = 0; prompt < 4; prompt++)
            Assert.That(merged.Prompts[prompt].Values.ToArray(), Is.EqualTo(whole.Prompts[prompt].Values.ToArray()));

        var options = new SweepOptions { Shard = new SweepShard(0, 2), Journal = journals[0] };
        var again = AttributionSweep.Run(_model, request, options: options);
        Assert.That(again.Plan.Runs, Is.Zero);
        Assert.That(
            () => AttributionSweep.Run(_model, request with { Steps = 2 }, options: options),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another study")
        );
    }

    [Test]
    public void A_metric_without_a_gradient_is_refused_before_anything_runs() =>
        Assert.That(
            () => Estimate(Request("mlp_output") with { Metrics = [Metric.Rank] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("has no gradient")
        );

    [Test]
    public void The_divergence_of_the_clean_run_has_no_first_order() =>
        Assert.That(
            () =>
                Estimate(
                    Request("mlp_output") with
                    {
                        Metrics = [Metric.Divergence],
                        Direction = PatchDirection.Noising,
                    }
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("steps")
        );

    private GridResult Estimate(PatchSweepRequest request) =>
        AttributionSweep.Run(_model, new AttributionRequest { Patching = request });

    private static double Base(GridResult result, PatchDirection direction, int metric) =>
        (direction == PatchDirection.Denoising ? result.Corrupt(metric) : result.Clean(metric)).Mean;

    // The sum over a row of what each cell is estimated to change.
    private static double Effect(GridResult result, int grid, int metric, int layer, double from)
    {
        var mean = result.Of(grid, metric).Mean;
        return Enumerable.Range(0, mean.Columns).Sum(column => mean[layer, column] - from);
    }

    private PatchSweepRequest Request(params string[] components)
    {
        var prompt = StudyPrompt.Of(
            PromptText.Of("A young salmon is called a", _model.Tokenizer),
            PromptText.Of("A young elephant is called a", _model.Tokenizer)
        );
        return new PatchSweepRequest
        {
            Prompts =
            [
                prompt with
                {
                    Answer = PromptText.Answer(" fry", _model.Tokenizer),
                    Wrong = PromptText.Answer(" calf", _model.Tokenizer),
                },
            ],
            Components = [.. components],
        };
    }
}
