using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
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
