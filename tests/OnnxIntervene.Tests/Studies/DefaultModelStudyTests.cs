using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Ablation;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Paths;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Tracing;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>
/// The default model's studies on 50 prompts of its tasks, as planned and with one run for each cell.
/// </summary>
public sealed class DefaultModelStudyTests
{
    private static readonly SweepOptions s_naive = new() { IsNaive = true };
    private static readonly ImmutableArray<Metric> s_metrics =
    [
        Metric.LogitDifference,
        Metric.LogProbability,
        Metric.Divergence,
    ];

    private LoadedModel _model = null!;
    private ImmutableArray<StudyPrompt> _prompts;

    [OneTimeSetUp]
    public void Open()
    {
        _model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        _prompts = DefaultTasks.Pairs(_model, 50);
    }

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    [TestCase(PatchDirection.Denoising, "block_output", "attention_output", "mlp_output")]
    [TestCase(PatchDirection.Noising, "block_output")]
    public void Patching_by_named_positions(PatchDirection direction, params string[] components)
    {
        var request = new PatchSweepRequest
        {
            Prompts = _prompts,
            Components = [.. components],
            PositionNames = ["changed", "last"],
            Direction = direction,
            Metrics = s_metrics,
        };

        var result = Same(options => PatchSweep.Run(_model, request, options: options));

        var last = (direction == PatchDirection.Denoising ? result.Denoised(0) : result.Noised(0)).Mean[5, 1];
        Assert.That(last, Is.EqualTo(direction == PatchDirection.Denoising ? 1 : -1).Within(1e-3), "all is in the end");
        Assert.That(result.Of(0).Count[0, 0], Is.EqualTo(50));
        Assert.That(result.Of(0).StandardError[0, 0], Is.GreaterThan(0));
    }

    [Test]
    public void Patching_by_heads() =>
        Same(options =>
            PatchSweep.Run(
                _model,
                new PatchSweepRequest
                {
                    Prompts = _prompts,
                    Components = ["head_attention_value_output"],
                    Metrics = s_metrics,
                },
                options: options
            )
        );

    [Test]
    public void Tracing_by_roles() =>
        Same(options =>
            CausalTrace.Run(
                _model,
                new CausalTraceRequest
                {
                    Prompts = _prompts,
                    Noise = [.. _prompts.Select((_, index) => EmbeddingNoise.Create(1, 1, 192, 0.3f, index))],
                    Columns = TraceColumns.Roles,
                    Targets = [new TraceTarget("mlp_output", 3)],
                },
                options: options
            )
        );

    [TestCase(AblationKind.Mean, "head_attention_value_output")]
    [TestCase(AblationKind.Zero, "mlp_output")]
    public void Ablation(AblationKind kind, string component)
    {
        var result = Same(options =>
            AblationSweep.Run(
                _model,
                new AblationRequest
                {
                    Prompts = _prompts,
                    Kind = kind,
                    Components = [component],
                    Layers = [0, 1],
                    Metrics = s_metrics,
                },
                options: options
            )
        );

        Assert.That(result.Changed(0, 1).Mean.Values.ToArray().Min(), Is.LessThan(-0.3), "something is needed");
    }

    [Test]
    public void Paths() =>
        Same(options =>
            PathSweep.Run(
                _model,
                new PathSweepRequest
                {
                    Prompts = _prompts[..10],
                    Receivers = [new PathReceiver("head_query_output", 5, 0), new PathReceiver("mlp_input", 4)],
                    Metrics = s_metrics,
                },
                options: options
            )
        );

    // Every number of every prompt; the guard is that cells have an effect.
    private static GridResult Same(Func<SweepOptions, GridResult> run)
    {
        var (fast, naive) = (run(new SweepOptions()), run(s_naive));
        for (var prompt = 0; prompt < fast.Prompts.Length; prompt++)
        {
            var (one, other) = (fast.Prompts[prompt].Values, naive.Prompts[prompt].Values);
            Assert.That(one.ToArray(), Has.None.NaN);
            Assert.That(Difference.Largest(one.Span, other.Span), Is.LessThan(1e-4), $"prompt {prompt}");
        }

        var values = fast.Prompts.Select(prompt => prompt.Values.Span[0] - prompt.Clean(0));
        Assert.That(values.Max(Math.Abs), Is.GreaterThan(1e-3), "nothing has an effect");
        Assert.That(fast.Plan.Obstacle, Is.Null);
        Assert.That(fast.Plan.Share, Is.LessThan(0.7));
        return fast;
    }
}
