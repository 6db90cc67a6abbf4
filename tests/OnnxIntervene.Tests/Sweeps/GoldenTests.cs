using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>What torch gives on the default model: plain runs, collected components, sweeps and traces.</summary>
[Category("Oracle")]
public sealed class GoldenTests
{
    private static readonly ModelGoldens s_goldens = ModelGoldens.Of(Path.Combine(RepositoryPaths.OwnReferences, "facts-gpt2"));
    private IntervenableModel _model = null!;

    [OneTimeSetUp]
    public void Load() => _model = IntervenableModel.Load(RepositoryPaths.DefaultModel, IntervenableConfig.Empty);

    [OneTimeTearDown]
    public void Unload() => _model.Dispose();

    public static IEnumerable<GoldenCase> OfKind(string kind) => s_goldens.Cases.Where(item => item.Kind == kind);

    [TestCaseSource(nameof(OfKind), new object[] { "base" })]
    public void A_plain_run_gives_torchs_logits(GoldenCase item)
    {
        var result = _model.Run(s_goldens.Inputs(item.Input("input_ids")));

        Assert.That(Largest(result.Intervened.Logits, item.Expected("logits")), Is.LessThanOrEqualTo(item.Tolerance));
    }

    [TestCaseSource(nameof(OfKind), new object[] { "collect" })]
    public void Collected_components_are_torchs(GoldenCase item)
    {
        var config = IntervenableConfig.FromJson(item.Json.GetProperty("pyvene").GetRawText());
        using var model = IntervenableModel.Load(RepositoryPaths.DefaultModel, config);

        // The locations are all heads and positions, which is what no selection means too.
        var result = model.Run(s_goldens.Inputs(item.Input("input_ids")));

        Assert.That(Largest(result.Collected[0], item.Expected("activation")), Is.LessThanOrEqualTo(item.Tolerance));
    }

    [TestCaseSource(nameof(OfKind), new object[] { "patch_sweep" })]
    public void A_patching_sweep_gives_torchs_logits(GoldenCase item)
    {
        var result = PatchSweep.Run(_model, Request(item));

        Assert.That(Largest(result.AnswerLogits, item.Expected("clean_answer_logit")), Is.LessThanOrEqualTo(item.Tolerance));
        Assert.That(Largest(result.WrongLogits, item.Expected("corrupt_answer_logit")), Is.LessThanOrEqualTo(item.Tolerance));
    }

    [TestCaseSource(nameof(OfKind), new object[] { "head_sweep" })]
    public void A_head_sweep_gives_torchs_logits(GoldenCase item)
    {
        var result = PatchSweep.Run(_model, Request(item) with { Positions = item.Integers("positions") });

        Assert.That(result.ColumnsAreHeads);
        Assert.That(Largest(result.AnswerLogits, item.Expected("clean_answer_logit")), Is.LessThanOrEqualTo(item.Tolerance));
        Assert.That(Largest(result.WrongLogits, item.Expected("corrupt_answer_logit")), Is.LessThanOrEqualTo(item.Tolerance));
    }

    [TestCaseSource(nameof(OfKind), new object[] { "causal_trace" })]
    public void A_causal_trace_gives_torchs_probabilities(GoldenCase item)
    {
        var target = new TraceTarget(item.Component(1), item.Json.GetProperty("pyvene").GetProperty("window").GetInt32());

        var result = CausalTrace.Run(_model, new CausalTraceRequest
        {
            Inputs = s_goldens.Inputs(item.Input("input_ids")),
            SubjectPositions = item.Integers("subject_positions"),
            Answer = item.Json.GetProperty("answer").GetProperty("id").GetInt32(),
            Noise = s_goldens.Tensor(item.Input("noise")),
            Targets = [target],
        });

        Assert.That(Largest(result.Restored[0].Probabilities, item.Expected("restored_prob")), Is.LessThanOrEqualTo(item.Tolerance));
        Assert.That(result.CleanProbability, Is.EqualTo(s_goldens.Tensor(item.Expected("clean_prob")).Floats[0]).Within(item.Tolerance));
        Assert.That(
            Difference.Largest(result.CorruptedProbabilities.AsSpan(), s_goldens.Tensor(item.Expected("corrupted_prob")).Floats),
            Is.LessThanOrEqualTo(item.Tolerance));
    }

    [Test]
    public void The_noise_is_scaled_by_the_standard_deviation_of_the_embeddings()
    {
        var expected = OfKind("causal_trace").First().Json.GetProperty("embedding_std").GetDouble();

        Assert.That(EmbeddingNoise.StandardDeviation(_model.Components), Is.EqualTo(expected).Within(1e-5));
    }

    private static PatchSweepRequest Request(GoldenCase item) => new()
    {
        Clean = s_goldens.Inputs(item.Input("source_input_ids")),
        Corrupt = s_goldens.Inputs(item.Input("base_input_ids")),
        Answer = item.Json.GetProperty("clean_answer_id").GetInt32(),
        Wrong = item.Json.GetProperty("corrupt_answer_id").GetInt32(),
        Component = item.Component(0),
    };

    private static double Largest(NumericArray actual, string expected)
    {
        var tensor = s_goldens.Tensor(expected);
        return Difference.Largest(actual.Floats, tensor.Floats);
    }

    private static double Largest(SweepGrid actual, string expected) =>
        Difference.Largest(actual.Values.Span, s_goldens.Tensor(expected).Floats);
}
