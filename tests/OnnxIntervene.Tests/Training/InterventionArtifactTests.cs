using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Oracle;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Artifacts;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Tests.Training;

/// <summary>
/// Files for ONNX Runtime Training that train interventions: base, sources and parametrizations in one graph.
/// </summary>
public sealed class InterventionArtifactTests
{
    // Adam follows the rounding of a square rotation's useless entries, so that only its first steps tell.
    [TestCase("gpt2", "rotated-adam", 1)]
    [TestCase("gpt2", "low-rank-adam", 6)]
    [TestCase("gpt2", "rotated-adamw", 1)]
    [TestCase("gpt2", "sigmoid-mask-adam", 6)]
    [TestCase("llama", "low-rank-1-adam", 6)]
    public void The_files_reach_torchs_losses_and_gradients(string name, string training, int steps)
    {
        using var folder = new TemporaryFolder();
        var family = ReferenceFamily.All(RepositoryPaths.References).Single(family => family.Name == name);
        var item = TrainingCases.Items(family).Single(item => item.GetProperty("name").GetString() == training);
        var tensors = SafetensorsFile.Open(Path.Combine(TrainingCases.Folder(family), "training.safetensors"));
        using var loaded = LoadedModel.Load(family.Exports[0].ModelPath);
        using var model = loaded.With(TrainingCases.Config(item, tensors));
        var batches = Enumerable.Range(0, steps).Select(step => TrainingCases.Batch(item, tensors, step)).ToList();
        // torch's own epsilon is smaller than what ONNX Runtime takes by default.
        var options = new ArtifactOptions { Optimizer = new AdamW(0.01) { WeightDecay = 0 } };

        var artifacts = TrainingArtifacts.OfInterventions(
            model,
            batches[0].UnitLocations,
            batches[0].Settings,
            options
        );
        artifacts.Save(folder.Path);
        using var session = new PlayedTraining(folder.Path);
        var losses = batches.Select(batch => session.Step(Feeds(batch), 0.01)).ToList();

        var wanted = item.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble()).Take(steps).ToList();
        for (var step = 0; step < steps; step++)
            Assert.That(losses[step], Is.EqualTo(wanted[step]).Within(1e-4 * wanted[step]), $"step {step}");
        foreach (var gradient in item.GetProperty("first_gradients").EnumerateObject())
        {
            var own = session.FirstGradients[$"block_output.{item.GetProperty("layer").GetInt32()}.{gradient.Name}"];
            var torch = tensors.Read(gradient.Value.GetString()!).Floats.ToArray();
            Assert.That(own, Is.EqualTo(torch).Within((1e-4 * torch.Max(Math.Abs)) + 1e-6), gradient.Name);
        }
    }

    [Test]
    public void Inputs_are_the_models_own_then_those_of_sources_then_labels()
    {
        using var loaded = TrainingSamples.Load();
        using var model = loaded.With(TrainingSamples.Config(InterventionType.LowRankRotatedSpace, 2));

        var artifacts = TrainingArtifacts.OfInterventions(model, UnitLocations.SourcesToBase(3));

        Assert.That(
            artifacts.Inputs,
            Is.EqualTo(
                new[]
                {
                    "input_ids",
                    "attention_mask",
                    "position_ids",
                    "source_input_ids",
                    "source_attention_mask",
                    "source_position_ids",
                    "labels",
                }
            )
        );
        Assert.That(
            artifacts.Trained,
            Is.EqualTo(new[] { "block_output.1.rotate_layer.parametrizations.weight.original" })
        );
        Assert.That(artifacts.Frozen, Has.Member("block_output.1.rotate_layer.parametrizations.weight.0.base"));
    }

    [Test]
    public void What_cannot_be_trained_is_refused()
    {
        using var loaded = TrainingSamples.Load();
        using var plain = loaded.With(TrainingSamples.Config(InterventionType.Vanilla));
        using var last = loaded.With(TrainingSamples.Config(InterventionType.RotatedSpace));
        var locations = UnitLocations.SourcesToBase(3);

        Assert.That(
            () => TrainingArtifacts.OfInterventions(plain, locations),
            Throws.TypeOf<InterventionException>().With.Message.Contains("trainable kind")
        );
        Assert.That(
            () => TrainingArtifacts.OfWeights(loaded, ["none"]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no weight 'none'")
        );
        Assert.That(
            () => TrainingArtifacts.OfInterventions(last, locations, options: new ArtifactOptions { Output = "none" }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no output 'none'")
        );
    }

    private static Dictionary<string, NumericArray> Feeds(TrainingBatch batch)
    {
        var (tokens, source) = (batch.Bases.Tokens, batch.Sources[0]!.Tokens);
        var ones = NumericArray.Of(Enumerable.Repeat(1L, tokens.Length).ToArray(), tokens.Shape.AsSpan());
        var rows = tokens.IntegerMemory.ToArray().Length / tokens.Shape[1];
        var places = NumericArray.Of(
            Enumerable.Range(0, tokens.Length).Select(index => (long)(index % tokens.Shape[1])).ToArray(),
            rows,
            tokens.Shape[1]
        );
        return new Dictionary<string, NumericArray>
        {
            ["input_ids"] = tokens,
            ["attention_mask"] = ones,
            ["position_ids"] = places,
            ["source_input_ids"] = source,
            ["source_attention_mask"] = ones,
            ["source_position_ids"] = places,
            ["labels"] = ((CrossEntropyLoss)batch.Loss).Labels,
        };
    }
}
