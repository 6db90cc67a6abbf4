using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>What is written as a spliced file gives the same numbers in a plain session, wherever it is.</summary>
public sealed class SplicedFileTests
{
    private static readonly long[] s_tokens = [5, 17, 3, 88, 41];
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([.. s_tokens.Select(token => (int)token)]);
    private static readonly ExecutionOptions s_oneThread = new() { Threads = 1 };

    private static readonly IntervenableConfig s_config = new()
    {
        Representations =
        [
            new()
            {
                Layer = 1,
                Component = "block_output",
                InterventionType = InterventionType.Addition,
            },
            new()
            {
                Layer = 2,
                Component = "head_attention_value_output",
                Unit = "h.pos",
                InterventionType = InterventionType.Zero,
            },
            new()
            {
                Layer = 3,
                Component = "mlp_output",
                InterventionType = InterventionType.LowRankRotatedSpace,
                LowRankDimension = 4,
            },
        ],
    };

    [TestCase(false)]
    [TestCase(true)]
    public void A_written_file_gives_the_same_numbers_after_it_was_copied_elsewhere(bool copiesWeights)
    {
        using var original = new TemporaryFolder();
        using var target = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        File.Copy(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), original.File("model.onnx"));
        using var model = IntervenableModel.Load(original.File("model.onnx"), s_config, s_oneThread);
        var spliced = model.Splice();
        SplicedModelFile.Write(spliced, model.Interventions, target.File("model.onnx"), copiesWeights);
        foreach (var file in Directory.GetFiles(target.Path))
            File.Copy(file, elsewhere.File(Path.GetFileName(file)));
        var steered = Steered(spliced);
        File.Delete(original.File("model.onnx"));

        using var plain = SessionFactory.Open(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), s_oneThread);
        using var written = SessionFactory.Open(elsewhere.File("model.onnx"), s_oneThread);

        Assert.That(Difference.Largest(Run(written, []), Run(plain, [])), Is.LessThan(1e-4));
        Assert.That(Run(written, steered.Feeds).SequenceEqual(steered.Expected));
        Assert.That(Difference.Largest(Run(written, steered.Feeds), Run(written, [])), Is.GreaterThan(0.1));
    }

    [Test]
    public void The_file_says_what_its_inputs_are_and_refers_to_the_weights()
    {
        using var target = new TemporaryFolder();
        using var model = IntervenableModel.Load(RepositoryPaths.DefaultModel, s_config, s_oneThread);
        SplicedModelFile.Write(model.Splice(), model.Interventions, target.File("model.onnx"));

        var written = OnnxFile.Load(target.File("model.onnx"));
        var note = written.Metadata.Single(entry => entry.Key == "intervene.sites").Value;

        Assert.That(
            note,
            Does.Contain("intervene/0/coefficient").And.Contain("rotate_layer.weight").And.Contain("\"block_output\"")
        );
        Assert.That(
            written
                .Graph.Inputs.Where(input => input.Name.StartsWith("intervene/", StringComparison.Ordinal))
                .Select(input => input.IsConstant),
            Has.All.True
        );
        Assert.That(new FileInfo(target.File("model.onnx")).Length, Is.LessThan(1 << 20));
    }

    [Test]
    public void Another_model_in_the_same_folder_takes_no_weights_from_this_one()
    {
        using var target = new TemporaryFolder();
        using var tuned = new TemporaryFolder();
        var bytes = File.ReadAllBytes(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"));
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(tuned.File("model.onnx"), bytes);
        var files = new[] { Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), tuned.File("model.onnx") };

        foreach (var (file, name) in files.Zip(["a.onnx", "b.onnx"]))
        {
            using var model = IntervenableModel.Load(file, s_config, s_oneThread);
            SplicedModelFile.Write(model.Splice(), model.Interventions, target.File(name));
        }

        Assert.That(Directory.GetFiles(target.Path, "*.weights"), Has.Length.EqualTo(2));
        foreach (var (file, name) in files.Zip(["a.onnx", "b.onnx"]))
            Assert.That(Weights(target.File(name)), Is.EqualTo(File.ReadAllBytes(file)));

        using var again = IntervenableModel.Load(files[1], s_config, s_oneThread);
        SplicedModelFile.Write(again.Splice(), again.Interventions, target.File("a.onnx"));
        Assert.That(Directory.GetFiles(target.Path, "*.weights"), Has.Length.EqualTo(1), "no one refers to the other");
        Assert.That(Directory.GetFiles(target.Path, "*.partial"), Is.Empty);
    }

    private static byte[] Weights(string model) =>
        File.ReadAllBytes(
            OnnxFile
                .Load(model)
                .Graph.Initializers.Select(value => value.Initializer?.Span?.Path)
                .OfType<string>()
                .Distinct()
                .Single(path => path.EndsWith(".weights", StringComparison.Ordinal))
        );

    // The same feeds through a session of the library.
    private static (Dictionary<string, OrtValue> Feeds, float[] Expected) Steered(SplicedModel spliced)
    {
        using var session = InterventionSession.Open(spliced, s_oneThread);
        var width = spliced.Sites[0].Component.Width;
        var source = Enumerable.Range(0, width).Select(index => (float)Math.Sin(index)).ToArray();
        var low = spliced.Sites[2].Parameters[0];
        var rotation = FreshIntervention.Of(s_config.Representations[2], width).Parameters[low.Name];
        var expected = session
            .Run(
                s_inputs,
                [
                    new SiteFeed
                    {
                        WriteLocations = new long[] { 0, 2 },
                        Source = source,
                        SourceShape = new long[] { 1, width },
                        Coefficients = new[] { 3f },
                    },
                    new SiteFeed { WriteLocations = new long[] { 0, 4, 1 } },
                    new SiteFeed
                    {
                        WriteLocations = new long[] { 0, 1 },
                        Source = source,
                        SourceShape = new long[] { 1, width },
                        Parameters = new Dictionary<string, NumericArray>
                        {
                            [low.Name] = rotation,
                        }.ToImmutableDictionary(),
                    },
                ],
                [session.FirstOutput]
            )[0]
            .Floats.ToArray();
        var feeds = new Dictionary<string, OrtValue>
        {
            [spliced.Sites[0].WriteLocations!] = OrtValue.CreateTensorValueFromMemory(new long[] { 0, 2 }, [1, 2]),
            [spliced.Sites[0].Source!] = OrtValue.CreateTensorValueFromMemory(source, [1, width]),
            [spliced.Sites[0].Coefficient!] = OrtValue.CreateTensorValueFromMemory(new[] { 3f }, [1, 1]),
            [spliced.Sites[1].WriteLocations!] = OrtValue.CreateTensorValueFromMemory(new long[] { 0, 4, 1 }, [1, 3]),
            [spliced.Sites[2].WriteLocations!] = OrtValue.CreateTensorValueFromMemory(new long[] { 0, 1 }, [1, 2]),
            [spliced.Sites[2].Source!] = OrtValue.CreateTensorValueFromMemory(source, [1, width]),
        };
        return (feeds, expected);
    }

    private static float[] Run(InferenceSession session, Dictionary<string, OrtValue> feeds)
    {
        var filler = new InputFiller(
            session.InputMetadata,
            ComponentMap.Find(OnnxFile.Load(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx")))
        );
        using var binding = new RunBinding([]);
        filler.Fill(binding, s_inputs);
        var values = binding.Values;
        using var options = new RunOptions();
        using var results = session.Run(
            options,
            [.. values.Keys, .. feeds.Keys],
            [.. values.Values, .. feeds.Values],
            [session.OutputNames[0]]
        );
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
