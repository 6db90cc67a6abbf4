using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Ablation;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>Attention probabilities by the query that gives them: a position, or a head at a position.</summary>
public sealed class PatternSweepTests
{
    private const double Tolerance = 1e-4;

    private static readonly StudyPrompt s_prompt = new()
    {
        Inputs = ModelInputs.FromTokens([31, 14, 15, 42, 26, 33]),
        Corrupt = ModelInputs.FromTokens([31, 14, 43, 42, 16, 33]),
        Answer = 5,
        Wrong = 9,
    };

    private static readonly PatchSweepRequest s_request = new()
    {
        Prompts = [s_prompt],
        Components = ["attention_weight"],
    };

    [TestCase("gpt2/optimum-past/model.onnx")]
    [TestCase("gpt2/dynamo/model.onnx")]
    [TestCase("llama/genai-fp32/model.onnx")]
    [TestCase("qwen2/optimum-past/model.onnx")]
    [TestCase("bert/optimum/model.onnx")]
    public void The_planner_the_naive_way_and_single_runs_agree(string export)
    {
        using var model = ReferenceExports.Load(export);
        foreach (var units in new[] { PatchUnits.Position, PatchUnits.HeadAndPosition })
        {
            var request = s_request with { Units = units };
            var fast = PatchSweep.Run(model, request);
            var naive = PatchSweep.Run(model, request, options: new SweepOptions { IsNaive = true });
            TestContext.Out.WriteLine($"{units}: {fast.Plan}");
            Assert.That(Largest(fast, naive), Is.LessThan(Tolerance), $"{units}: {fast.Plan}");
            Assert.That(Spread(fast), Is.GreaterThan(1e-5), "nothing was changed");
            if (units == PatchUnits.HeadAndPosition)
                RequireSingleRun(model, fast);
        }
    }

    [Test]
    public void All_queries_of_a_head_are_the_head()
    {
        using var model = ReferenceExports.Load("gpt2/optimum-past/model.onnx");
        foreach (var units in new[] { PatchUnits.Head, PatchUnits.Layer })
        {
            var heads = PatchSweep.Run(model, s_request with { Units = units });
            var queries = PatchSweep.Run(model, s_request with { Units = units, Positions = [0, 1, 2, 3, 4, 5] });
            var some = PatchSweep.Run(model, s_request with { Units = units, Positions = [5] });

            Assert.That(Largest(heads, queries), Is.LessThan(Tolerance));
            Assert.That(Largest(heads, some), Is.GreaterThan(1e-4), "other queries count");
        }
    }

    [Test]
    public void Queries_are_ablated_and_attributed_too()
    {
        using var model = ReferenceExports.Load("gpt2/optimum-past/model.onnx");
        var request = new AblationRequest
        {
            Prompts = [s_prompt],
            Components = ["attention_weight"],
            Units = PatchUnits.HeadAndPosition,
            Kind = AblationKind.Zero,
        };
        var naive = AblationSweep.Run(model, request, options: new SweepOptions { IsNaive = true });
        Assert.That(Largest(AblationSweep.Run(model, request), naive), Is.LessThan(Tolerance));

        // Estimates are linear: those of a head's queries add up to the head's.
        var corrupt = naive.Layouts[0];
        var estimated = Estimated(PatchUnits.HeadAndPosition);
        var heads = Estimated(PatchUnits.Head);
        var start = estimated.Corrupt().Mean;
        for (var row = 0; row < corrupt.Rows.Length; row++)
        {
            var (layer, head) = Math.DivRem(row, heads.Layouts[0].Columns.Length);
            var sum = Enumerable.Range(0, s_prompt.Length).Sum(at => estimated.Of(0).Mean[row, at] - start);
            Assert.That(sum, Is.EqualTo(heads.Of(0).Mean[layer, head] - start).Within(1e-5));
        }

        GridResult Estimated(PatchUnits units) =>
            AttributionSweep.Run(model, new AttributionRequest { Patching = s_request with { Units = units } });
    }

    // Head 1 of layer 1 at the last query but one, as anybody would patch it.
    private static void RequireSingleRun(LoadedModel model, GridResult result)
    {
        const int layer = 1;
        var (head, query) = (1, s_prompt.Length - 2);
        var config = new RepresentationConfig
        {
            Layer = layer,
            Component = "attention_weight",
            Unit = "h.pos",
            Intervention = new VanillaIntervention(),
        };
        using var patched = new IntervenableModel(
            model,
            new IntervenableConfig { Representations = [config] },
            ownsModel: false
        );
        var run = patched.Run(
            s_prompt.Corrupt!,
            [s_prompt.Inputs],
            UnitLocations.SourcesToBase(UnitLocation.AtHeads([head], query))
        );
        var logits = run.Intervened.Logits.Row(0);
        var last = logits.Row(logits.Shape[0] - 1).Floats;
        var row = result.Layouts[0].Rows.IndexOf($"{layer}.{head}");

        Assert.That(
            result.Of(0).Mean[row, query],
            Is.EqualTo(last[s_prompt.Answer!.Value] - last[s_prompt.Wrong!.Value]).Within(Tolerance)
        );
    }

    private static float Largest(GridResult one, GridResult other) =>
        (float)Difference.Largest(one.Of(0).Mean.Values.Span, other.Of(0).Mean.Values.Span);

    private static double Spread(GridResult result) =>
        result.Of(0).Mean.Values.ToArray().Max(value => Math.Abs(value - result.Corrupt().Mean));
}
