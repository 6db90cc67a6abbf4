using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>Where layers are divided around their attention, less is computed, and the numbers stay.</summary>
public sealed class DividedLayerTests
{
    [TestCase("gpt2/optimum-past")]
    [TestCase("llama/genai-fp32")]
    public void What_attention_adds_costs_little_more_than_the_layers_after_it(string export)
    {
        using var model = ReferenceExports.Load(export);

        var output = PatchSweep.Plan(model, Request("block_output"));
        var attention = PatchSweep.Plan(model, Request("attention_output"));

        Assert.That(output.Method, Does.Contain("around attention"));
        Assert.That(attention.Share, Is.InRange(output.Share, output.Share * 1.3));
    }

    // At first what the prompts have between the parts does not fit, so that layers stay whole; then few tokens do.
    [TestCase(1 << 10, "own layer and position")]
    [TestCase(1 << 16, "around attention")]
    public void Little_memory_takes_more_runs_for_the_same_numbers(long bytes, string method)
    {
        using var model = ReferenceExports.Load("gpt2/optimum-past");
        var request = Request("mlp_output");

        var much = PatchSweep.Run(model, request);
        var little = PatchSweep.Run(model, request, options: new SweepOptions { MemoryLimit = bytes });

        Assert.That(little.Plan.Method, Does.Contain(method));
        Assert.That(little.Plan.Runs, Is.GreaterThan(much.Plan.Runs));
        Assert.That(Difference.Largest(little.Of(0).Mean.Values.Span, much.Of(0).Mean.Values.Span), Is.LessThan(1e-4));
    }

    // Nothing after the position that is measured reaches it; with a cache and without.
    [TestCase("llama/optimum-past")]
    [TestCase("gpt2/optimum")]
    public void Logits_in_the_middle_of_the_text_are_those_of_whole_runs(string export)
    {
        using var model = ReferenceExports.Load(export);
        var request = Request("attention_output");
        request = request with { Prompts = [request.Prompts[0] with { MetricPosition = 5 }] };

        var fast = PatchSweep.Run(model, request);
        var naive = PatchSweep.Run(model, request, options: new SweepOptions { IsNaive = true });

        Assert.That(fast.Plan.Method, Does.Contain("around attention"));
        Assert.That(fast.Plan.Share, Is.LessThan(PatchSweep.Plan(model, Request("attention_output")).Share));
        Assert.That(Difference.Largest(fast.Of(0).Mean.Values.Span, naive.Of(0).Mean.Values.Span), Is.LessThan(1e-4));
    }

    // Without a cache no name of an input says whether later positions are hidden.
    [TestCase("llama/optimum", null)]
    [TestCase("gpt2/dynamo", null)]
    [TestCase("bert/optimum", "attention of layer 0 reads later positions")]
    public void Attention_shows_whether_it_reads_later_positions(string export, string? obstacle)
    {
        using var model = ReferenceExports.Load(export);
        using var cells = new SplitCells(
            new SweepSetting(model, [new SweepBase(ModelInputs.FromTokens([11, 12, 13, 14, 15]))], []),
            1 << 20
        );

        cells.RunBases(CancellationToken.None);

        Assert.That(cells.FindObstacle(CancellationToken.None), Is.EqualTo(obstacle));
    }

    private static PatchSweepRequest Request(string component) =>
        new()
        {
            Prompts =
            [
                new StudyPrompt
                {
                    Inputs = ModelInputs.FromTokens([11, 12, 13, 14, 15, 16, 17, 18]),
                    Corrupt = ModelInputs.FromTokens([11, 12, 23, 14, 15, 26, 17, 18]),
                    Answer = 5,
                    Wrong = 9,
                },
            ],
            Components = [component],
        };
}
