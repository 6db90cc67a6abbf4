using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
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

    [TestCase(PatchDirection.Denoising)]
    [TestCase(PatchDirection.Noising)]
    public void Estimates_agree_with_what_patching_measures(PatchDirection direction)
    {
        var request = Request("mlp_output", "head_attention_value_output") with { Direction = direction };

        var estimated = AttributionSweep.Run(_model, request);

        var measured = PatchSweep.Run(_model, request);
        Assert.That(estimated.Clean().Mean, Is.EqualTo(measured.Clean().Mean).Within(1e-4));
        Assert.That(estimated.Corrupt().Mean, Is.EqualTo(measured.Corrupt().Mean).Within(1e-4));
        for (var grid = 0; grid < 2; grid++)
            Assert.That(AttributionSweep.Correlation(estimated, measured, grid), Is.GreaterThan(0.8), $"grid {grid}");
    }

    [Test]
    public void Heads_and_positions_add_up_to_the_whole()
    {
        var heads = AttributionSweep.Run(_model, Request("head_attention_value_output"));
        var places = AttributionSweep.Run(_model, Request("attention_value_output"));

        for (var layer = 0; layer < heads.Layouts[0].Rows.Length; layer++)
            Assert.That(Effect(heads, layer), Is.EqualTo(Effect(places, layer)).Within(1e-3), $"layer {layer}");
    }

    [Test]
    public void Another_metric_is_refused() =>
        Assert.That(
            () => AttributionSweep.Run(_model, Request("mlp_output") with { Metrics = [Metric.Probability] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("logit difference")
        );

    // The sum over a layer of what each cell is estimated to change.
    private static double Effect(GridResult result, int layer)
    {
        var grid = result.Of(0).Mean;
        return Enumerable.Range(0, grid.Columns).Sum(column => grid[layer, column] - result.Corrupt().Mean);
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
