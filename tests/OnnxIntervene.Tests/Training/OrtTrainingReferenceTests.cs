using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Tests.Training;

/// <summary>
/// One rotation of a small model, trained as onnxruntime-training 1.19.2 trained it: the same losses, and the same
/// numbers at the end.
/// </summary>
public sealed class OrtTrainingReferenceTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.OwnReferences, "ort_training");

    [Test]
    public void Six_steps_give_the_losses_of_onnx_runtime_training()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, "reference.json")));
        var losses = json.RootElement.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble()).ToList();
        var arrays = NpzFile.Read(Path.Combine(s_folder, "run.npz"));
        using var loaded = LoadedModel.Load(Path.Combine(s_folder, "forward.onnx"));
        using var model = loaded.With(IntervenableConfig.Empty);
        // The attributes of AdamWOptimizer in optimizer_model.onnx.
        var optimizer = new AdamW(0.01)
        {
            Epsilon = 1e-6,
            WeightDecay = 0,
            AddsEpsilonFirst = true,
        };
        using var trainer = new WeightTrainer(model, ["rotation"], new TrainingOptions { Optimizer = optimizer });

        var own = Enumerable.Range(0, losses.Count).Select(step => trainer.Step(Batch(arrays, step)).Loss).ToList();

        Assert.That(own, Is.EqualTo(losses).Within(1e-5));
        Assert.That(
            trainer.Weight("rotation").Floats.ToArray(),
            Is.EqualTo(arrays["final_rotation"].Floats.ToArray()).Within(1e-4)
        );
    }

    private static TrainingBatch Batch(ImmutableSortedDictionary<string, NumericArray> arrays, int step) =>
        new(
            new ModelInputs(
                ImmutableDictionary<string, NumericArray>
                    .Empty.Add("base", arrays["base"].Row(step))
                    .Add("source", arrays["source"].Row(step))
            ),
            [],
            new CrossEntropyLoss(arrays["labels"].Row(step))
        );
}
