using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Tracing;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>Noise on embeddings and windows of layers, through the planner and with one run for each cell.</summary>
public sealed class TraceEngineTests
{
    private const int Samples = 2;

    [TestCase("gpt2/optimum")]
    [TestCase("gpt2/optimum-past")]
    [TestCase("gpt2/ort-fused")]
    [TestCase("llama/genai-fp32")]
    [TestCase("llama-int4/genai-int4")]
    [TestCase("gemma2/optimum-past")]
    [TestCase("llama/optimum-past")]
    public void A_trace_equals_one_run_for_each_cell(string export)
    {
        using var model = ReferenceExports.Load(export);
        var request = Request(model);

        var fast = CausalTrace.Run(model, request);
        var naive = CausalTrace.Run(model, request, options: new SweepOptions { IsNaive = true });

        var (one, other) = (fast.Prompts[0].Values, naive.Prompts[0].Values);
        Assert.That(Difference.Largest(one.Span, other.Span), Is.LessThan(1e-5));
        Assert.That(one.ToArray().Distinct().Count(), Is.GreaterThan(4));
        Assert.That(fast.Plan.Obstacle ?? fast.Plan.WholeLayers, Is.Null);
        Assert.That(fast.Plan.Rows, Is.LessThan(naive.Plan.Cells));
        Assert.That(fast.Plan.Share, Is.LessThan(0.7));
    }

    private static CausalTraceRequest Request(LoadedModel model)
    {
        var random = new Random(4);
        var width = model.Components.Get(0, "block_input").Width;
        return new CausalTraceRequest
        {
            Prompts =
            [
                new StudyPrompt
                {
                    Inputs = ModelInputs.FromTokens([11, 23, 35, 17, 29, 13]),
                    Answer = 7,
                    Positions = ImmutableSortedDictionary<string, ImmutableArray<int>>.Empty.Add("subject", [2, 3]),
                },
            ],
            Noise =
            [
                NumericArray.Of(
                    Enumerable.Range(0, Samples * 2 * width).Select(_ => random.NextSingle() - 0.5f).ToArray(),
                    Samples,
                    2,
                    width
                ),
            ],
            Targets =
            [
                new TraceTarget("block_output", 1),
                new TraceTarget("mlp_output", 2),
                new TraceTarget("attention_output", 3),
                new TraceTarget("mlp_output", 1),
            ],
        };
    }
}
