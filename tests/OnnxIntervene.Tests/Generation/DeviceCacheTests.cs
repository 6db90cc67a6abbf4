using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Generation;

/// <summary>
/// A cache that stays on a device gives the same texts. No device is needed: the CPU's memory is taken for one that
/// this process cannot read. ONNX_INTERVENE_PROVIDER names the execution provider of a real one.
/// </summary>
public sealed class DeviceCacheTests
{
    private const string Shared = "llama/genai-fp32/model.onnx";
    private const string Appended = "llama/optimum-past/model.onnx";
    private static readonly ExecutionOptions s_device = Environment.GetEnvironmentVariable("ONNX_INTERVENE_PROVIDER")
        is { Length: > 0 } provider
        ? new() { Provider = provider }
        : new() { Threads = 1, TakesMemoryForDevice = true };
    private static readonly ImmutableArray<ImmutableArray<int>> s_prompts =
    [
        [5, 9, 23, 41],
        [7],
        [3, 60, 12, 33, 8, 19, 2],
    ];

    [Test]
    [Category("Oracle")]
    public void Texts_are_the_same(
        [ValueSource(typeof(ReferenceExports), nameof(ReferenceExports.Cached))] string export
    )
    {
        using var ordinary = ReferenceExports.Load(export);
        using var device = ReferenceExports.Load(export, s_device);
        var settings = new RunSettings { Coefficients = [Coefficient.PerExample([-2, 0, 2])] };

        RequireSame(Steer(device), Steer(ordinary));

        ImmutableArray<GeneratedText> Steer(LoadedModel loaded)
        {
            using var model = loaded.With(GenerationBatchTests.Steered(loaded));
            return model.PlanGeneration(s_prompts, Options(6), settings: settings).Run();
        }
    }

    [TestCase(Shared, false)]
    [TestCase(Shared, true)]
    [TestCase(Appended, false)]
    [TestCase(Appended, true)]
    public void Chains_of_sources_and_collected_values_are_the_same(string export, bool chain)
    {
        using var ordinary = ReferenceExports.Load(export);
        using var device = ReferenceExports.Load(export, s_device);

        RequireSame(Swap(device), Swap(ordinary));

        ImmutableArray<GeneratedText> Swap(LoadedModel loaded)
        {
            using var model = loaded.With(
                new IntervenableConfig
                {
                    Mode = chain ? InterventionMode.Serial : InterventionMode.Parallel,
                    Representations =
                    [
                        new() { Layer = 0, Component = "block_output" },
                        new()
                        {
                            Layer = 1,
                            Component = "block_output",
                            InterventionType = chain ? InterventionType.Vanilla : InterventionType.Collect,
                        },
                    ],
                }
            );
            return model.Generate(
                ModelInputs.FromTokens([5, 9, 23, 41]),
                Options(20),
                [ModelInputs.FromTokens([60, 2, 5, 9]), chain ? ModelInputs.FromTokens([7, 8, 9, 10]) : null],
                UnitLocations.SourcesToBase(2)
            );
        }
    }

    [TestCase(Shared)]
    [TestCase(Appended)]
    public void What_the_process_cannot_read_is_not_kept_for_the_next_text(string export)
    {
        using var loaded = ReferenceExports.Load(export, s_device);
        using var model = loaded.With(IntervenableConfig.Empty);
        using var cache = new TextCache();
        var alone = Texts(null);

        Texts(cache);
        var again = Texts(cache);

        Assert.That(cache.ReusedCount, Is.Zero);
        RequireSame(again, alone);

        ImmutableArray<GeneratedText> Texts(TextCache? kept)
        {
            var generation = model.PlanGeneration([s_prompts[0]], Options(6));
            foreach (var _ in generation.TokensAfter(kept, default)) { }
            return generation.Texts();
        }
    }

    [TestCase(Shared)]
    [TestCase(Appended)]
    public void The_cache_stays_on_the_device_and_the_logits_do_not(string export)
    {
        using var loaded = ReferenceExports.Load(export, s_device);
        using var lease = loaded.Lease([]);
        using var kept = lease.Session.KeepTensors();
        var pairs = CachePair.Of(loaded.Model.Graph);
        // A provider may lack the operator for 32-bit floats; then the CPU computes the cache, and there it stays.
        Assume.That(export == Appended || s_device.TakesMemoryForDevice, "the file's operator is the CPU's");
        if (CacheForms.IsShared(lease.Session, pairs))
            kept.Share([.. pairs.Select(pair => PairOf(lease.Session, pair))]);
        else
            kept.Leave(pairs.Select(pair => pair.Present));

        var values = lease.Session.RunValues(
            ModelInputs.FromTokens([5, 9, 23]),
            [],
            [lease.Session.FirstOutput, .. pairs.Select(pair => pair.Present)],
            null,
            ImmutableDictionary<string, Tensors.NumericArray>.Empty,
            default,
            kept
        );

        Assert.That(values[0].Array.Floats.ToArray(), Has.Some.Not.Zero);
        foreach (var present in values.Skip(1))
        {
            Assert.That(() => present.Array, Throws.InvalidOperationException, present.Name);
            Assert.That(() => present.ReadFloats(0, 1), Throws.InvalidOperationException, present.Name);
            present.Dispose();
        }
    }

    private static SharedPair PairOf(InterventionSession session, CachePair pair)
    {
        var (type, heads, width) = session.CacheSizes(pair.Past);
        return new SharedPair(pair.Past, pair.Present, type, [1, heads!.Value, 8, width!.Value]);
    }

    private static GenerationOptions Options(int count) =>
        new()
        {
            MaximumNewTokens = count,
            IgnoresEndOfText = true,
            OutputScores = true,
        };

    private static void RequireSame(ImmutableArray<GeneratedText> texts, ImmutableArray<GeneratedText> others)
    {
        using var assertions = Assert.EnterMultipleScope();
        foreach (var (text, other) in texts.Zip(others))
        {
            GenerationBatchTests.RequireSame(text, other, "the text");
            Assert.That(
                text.Collected.SelectMany(values => values.Steps).SelectMany(step => step.Values.Floats.ToArray()),
                Is.EqualTo(
                    other.Collected.SelectMany(values => values.Steps).SelectMany(step => step.Values.Floats.ToArray())
                )
            );
        }
    }
}
