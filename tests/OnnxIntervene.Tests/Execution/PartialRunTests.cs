using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Nothing is computed or copied unless it is read, and what is read equals a whole run's.</summary>
public sealed class PartialRunTests
{
    private const double Close = 1e-5;
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([1, 2, 3, 4, 5, 6]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([6, 5, 4, 3, 2, 1]);

    private static IntervenableModel Load(string path, int layer, InterventionType type) =>
        IntervenableModel.Load(
            path,
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = layer,
                        Component = ComponentNames.BlockOutput,
                        InterventionType = type,
                    },
                ],
            },
            new ExecutionOptions { Threads = 1 }
        );

    public static IEnumerable<string> Models() =>
        [
            RepositoryPaths.DefaultModel,
            .. new[]
            {
                "gpt2/optimum",
                "gpt2/optimum-past",
                "gpt2/dynamo",
                "llama/genai-fp32",
                "qwen3-int4/genai-int4",
                "gemma2/dynamo",
                "opt/optimum",
            }
                .Select(name => Path.Combine(RepositoryPaths.OwnReferences, "families", name))
                .Where(Directory.Exists),
        ];

    [Test]
    public void A_run_that_only_reads_ends_where_it_reads()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var site = new OnnxIntervene.Splicing.SpliceSite(
            new ComponentAddress(0, ComponentNames.BlockOutput),
            InterventionType.Collect
        );

        using var whole = model.Lease(new SessionRecipe([site]));
        using var part = model.Lease(new SessionRecipe([site]) { ReadsOnly = true });

        var (all, needed) = (whole.Session.Spliced.Model.Graph.NodeCount, part.Session.Spliced.Model.Graph.NodeCount);
        Assert.That(needed, Is.LessThan(all / 3));
        Assert.That(Read(part.Session), Is.EqualTo(Read(whole.Session)), "bit for bit");
    }

    private static float[] Read(InterventionSession session)
    {
        var feed = new SiteFeed { ReadLocations = new long[] { 0, 2, 0, 5 } };
        return session.Run(s_base, [feed], [session.Spliced.Sites[0].Read!])[0].Floats.ToArray();
    }

    [Test]
    public void A_run_that_begins_at_a_tensor_computes_nothing_below_it()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var site = new OnnxIntervene.Splicing.SpliceSite(
            new ComponentAddress(2, ComponentNames.BlockOutput),
            InterventionType.Collect
        );
        using var whole = model.Lease(new SessionRecipe([site]));
        var stream = ((TensorSource)model.Components.Get(2, ComponentNames.BlockOutput).Source).Value.Name;

        using var suffix = model.Lease(
            new SessionRecipe([]) { From = [stream], Outputs = [whole.Session.FirstOutput] }
        );

        var part = suffix.Session.Spliced.Model.Graph;
        Assert.That(part.NodeCount, Is.LessThan(whole.Session.Spliced.Model.Graph.NodeCount * 3 / 4));
        var inputs = new ModelInputs(s_base.Arrays.Add(stream, Stream(whole.Session)));
        var expected = whole.Session.Run(s_base, [SiteFeed.Neutral], [whole.Session.FirstOutput])[0];
        var actual = suffix.Session.Run(inputs, [], [suffix.Session.FirstOutput])[0];
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape));
        RequireClose(actual.FloatMemory, expected.FloatMemory);
    }

    private static NumericArray Stream(InterventionSession whole)
    {
        var feed = new SiteFeed { ReadLocations = new long[] { 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5 } };
        var rows = whole.Run(s_base, [feed], [whole.Spliced.Sites[0].Read!])[0];
        return rows.Reshape(1, 6, rows.Shape[^1]);
    }

    [Test]
    public void An_output_that_is_an_input_as_it_is_stays_readable_after_the_run()
    {
        using var folder = new TemporaryFolder();
        var sketch = new Files.ModelSketch(8, 17);
        var x = sketch.Input("x", -1, 4, 8);
        var y = sketch.Op("y", "Relu", [x]);
        y.Type = Files.ModelSketch.Type(ElementType.Float32, -1, 4, 8);
        OnnxIntervene.IR.Serialization.OnnxFile.Save(sketch.Build(y, x), folder.File("model.onnx"));
        using var model = LoadedModel.Load(folder.File("model.onnx"));

        using var result = RunOnTransientInputs(model);
        GC.Collect();
        _ = Enumerable.Range(0, 64).Select(_ => new float[64]).ToList();

        Assert.That(
            result.Outputs["x"].Array.Floats.ToArray(),
            Is.EqualTo(Execution.TinyModels.Waves(2, 4, 8).Floats.ToArray())
        );
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static OnnxIntervene.Execution.Results.RunResult RunOnTransientInputs(LoadedModel model) =>
        model
            .With(
                new IntervenableConfig
                {
                    Representations = [new() { Component = "y", InterventionType = InterventionType.Zero }],
                }
            )
            .Run(
                new ModelInputs(
                    ImmutableDictionary<string, NumericArray>.Empty.Add("x", Execution.TinyModels.Waves(2, 4, 8))
                )
            );

    [TestCaseSource(nameof(Models))]
    public void Logits_at_chosen_positions_are_those_of_a_whole_run(string path)
    {
        using var model = Load(path, 1, InterventionType.Vanilla);
        var settings = new RunSettings { LogitPositions = UnitLocation.At(1, -1), OutputOriginalOutput = true };

        using var whole = model.Run(
            s_base,
            [s_source],
            UnitLocations.SourcesToBase(2),
            new RunSettings { OutputOriginalOutput = true }
        );
        using var part = model.Run(s_base, [s_source], UnitLocations.SourcesToBase(2), settings);

        var vocabulary = whole.Intervened.Logits.Shape[2];
        Assert.That(part.Intervened.Logits.Shape, Is.EqualTo(new[] { 1, 2, vocabulary }));
        foreach (var (chosen, position) in new[] { (0, 1), (1, 5) })
        {
            RequireClose(part.Intervened.LogitsAt(0, chosen), whole.Intervened.LogitsAt(0, position));
            RequireClose(part.Original!.LogitsAt(0, chosen), whole.Original!.LogitsAt(0, position));
        }
    }

    private static void RequireClose(ReadOnlyMemory<float> actual, ReadOnlyMemory<float> expected)
    {
        var largest = expected.Span.ToArray().Max(MathF.Abs);
        Assert.That(Difference.Largest(actual.Span, expected.Span), Is.LessThanOrEqualTo(Close * Math.Max(1, largest)));
        Assert.That(largest, Is.GreaterThan(0.01));
    }

    [Test]
    public void The_last_position_is_each_examples_own_in_a_padded_batch()
    {
        using var model = Load(RepositoryPaths.DefaultModel, 1, InterventionType.Zero);
        var tokens = NumericArray.Of(new long[] { 1, 2, 3, 4, 7, 8, 0, 0 }, 2, 4);
        var mask = NumericArray.Of(new long[] { 1, 1, 1, 1, 1, 1, 0, 0 }, 2, 4);
        var inputs = new ModelInputs(
            ImmutableDictionary<string, NumericArray>
                .Empty.Add(ModelInputs.TokenInput, tokens)
                .Add("attention_mask", mask)
        );

        using var whole = model.Run(inputs);
        using var last = model.Run(inputs, settings: new RunSettings { LogitPositions = UnitLocation.At(-1) });

        RequireClose(last.Intervened.LogitsAt(0, 0), whole.Intervened.LogitsAt(0, 3));
        RequireClose(last.Intervened.LogitsAt(1, 0), whole.Intervened.LogitsAt(1, 1));
    }

    [Test]
    public void Every_output_that_is_a_tensor_comes_back_by_name()
    {
        var path = Path.Combine(RepositoryPaths.OwnReferences, "families", "gpt2", "optimum-past");
        using var model = Load(path, 0, InterventionType.Zero);

        using var result = model.Run(s_base);

        Assert.That(result.Outputs.Keys, Is.EquivalentTo(model.Model.Graph.Outputs.Select(output => output.Name)));
        Assert.That(
            result.Outputs["logits"].Array.Floats.ToArray(),
            Is.EqualTo(result.Intervened.Logits.Floats.ToArray())
        );
        Assert.That(
            result.Outputs.Where(output => output.Key.StartsWith("present", StringComparison.Ordinal)),
            Is.Not.Empty
        );
    }

    [Test]
    public void Only_the_outputs_that_are_wanted_are_computed()
    {
        using var model = Load(RepositoryPaths.DefaultModel, 0, InterventionType.Collect);

        using var result = model.Run(s_base, settings: new RunSettings { Outputs = [] });

        Assert.That(result.Outputs, Is.Empty);
        Assert.That(result.Collected[0].Shape, Is.EqualTo(new[] { 1, 6, 192 }));
        Assert.That(() => result.Intervened.Logits, Throws.InvalidOperationException);
    }

    [Test]
    public void An_output_that_is_not_there_is_refused_before_anything_runs()
    {
        using var model = Load(RepositoryPaths.DefaultModel, 0, InterventionType.Zero);

        Assert.That(
            () => model.Run(s_base, settings: new RunSettings { Outputs = ["logit"] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("has no output 'logit'")
        );
        Assert.That(model.Loaded.OpenSessionCount, Is.Zero);
    }

    [Test]
    public void An_output_of_text_is_refused_and_integers_of_any_size_are_read()
    {
        using var folder = new TemporaryFolder();
        var sketch = new Files.ModelSketch(8, 17);
        var x = sketch.Input("x", -1, 4, 8);
        var outputs = new[] { ElementType.Text, ElementType.UInt16, ElementType.Int16, ElementType.UInt64 }
            .Select(type =>
            {
                var cast = sketch.Op($"{type}", "Cast", [x], NodeAttribute.Of("to", (long)type));
                cast.Type = Files.ModelSketch.Type(type, -1, 4, 8);
                return cast;
            })
            .ToArray();
        OnnxIntervene.IR.Serialization.OnnxFile.Save(sketch.Build(outputs), folder.File("model.onnx"));
        using var model = IntervenableModel.Load(
            folder.File("model.onnx"),
            new IntervenableConfig { Representations = [] }
        );
        var inputs = new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add(
                "x",
                NumericArray.Of(Enumerable.Range(0, 32).Select(index => (float)index).ToArray(), 1, 4, 8)
            )
        );

        using var result = model.Run(inputs);

        Assert.That(result.Outputs.Keys, Is.EqualTo(new[] { "UInt16", "Int16", "UInt64" }));
        Assert.That(
            result.Outputs.Values.Select(output => output.Array.Integers.ToArray()),
            Is.All.EqualTo(Enumerable.Range(0, 32))
        );
        Assert.That(
            () => model.Run(inputs, settings: new RunSettings { Outputs = ["Text"] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("cannot be read as numbers")
        );
    }

    [Test]
    public void A_run_allocates_nothing_that_grows_with_the_vocabulary()
    {
        using var model = Load(RepositoryPaths.DefaultModel, 1, InterventionType.Zero);
        var inputs = ModelInputs.FromTokens(Enumerable.Range(0, 60).ToArray());
        model.Run(inputs).Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();

        using var result = model.Run(inputs);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.LessThan(60 * 2_560 * sizeof(float) / 10));
        Assert.That(result.Intervened.LogitsAt(0, -1).Length, Is.EqualTo(2_560));
    }

    [Test]
    public async Task Runs_can_be_awaited_and_stopped_in_flight()
    {
        using var model = Load(RepositoryPaths.DefaultModel, 1, InterventionType.Zero);
        using var stopped = new CancellationTokenSource();
        var large = ModelInputs.FromTokens(Enumerable.Repeat(Enumerable.Range(0, 60).ToArray(), 200).ToArray());

        using var result = await model.RunAsync(s_base);
        var run = model.RunAsync(large, cancellation: stopped.Token);
        await stopped.CancelAsync();

        Assert.That(result.Intervened.Logits.Shape, Is.EqualTo(new[] { 1, 6, 2_560 }));
        Assert.That(async () => await run, Throws.InstanceOf<OperationCanceledException>());
    }
}
