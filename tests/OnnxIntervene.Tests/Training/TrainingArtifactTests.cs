using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Training.Artifacts;

namespace OnnxIntervene.Tests.Training;

/// <summary>
/// Files for ONNX Runtime Training, compared with those that onnxruntime-training 1.19.2 made for the same model. That
/// runtime is not there, so its two operators are played here: the training model runs without its sums.
/// </summary>
public sealed class TrainingArtifactTests
{
    private const string Accumulator = "InPlaceAccumulatorV2";

    private static readonly string s_reference = Path.Combine(RepositoryPaths.OwnReferences, "ort_training");

    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("artifacts-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase(TrainingArtifacts.TrainingName)]
    [TestCase(TrainingArtifacts.EvaluationName)]
    [TestCase(TrainingArtifacts.OptimizerName)]
    public void A_model_has_the_inputs_and_outputs_of_the_reference(string file)
    {
        WriteReference();

        var (own, reference) = (Load(_folder, file), Load(s_reference, file));

        Assert.That(Ports(own.Graph.Inputs), Is.EqualTo(Ports(reference.Graph.Inputs)));
        Assert.That(Ports(own.Graph.Outputs), Is.EqualTo(Ports(reference.Graph.Outputs)));
        Assert.That(own.OperatorSetVersion, Is.EqualTo(reference.OperatorSetVersion));
        Assert.That(own.IrVersion, Is.EqualTo(reference.IrVersion));
    }

    [TestCase(TrainingArtifacts.EvaluationName)]
    [TestCase(TrainingArtifacts.OptimizerName)]
    public void A_model_without_gradients_has_the_operators_of_the_reference(string file)
    {
        WriteReference();

        var (own, reference) = (Load(_folder, file), Load(s_reference, file));

        Assert.That(Nodes(own), Is.EqualTo(Nodes(reference)));
    }

    [Test]
    public void The_training_model_computes_the_loss_and_sums_gradients_as_the_reference_does()
    {
        WriteReference();

        var (own, reference) = (
            Load(_folder, TrainingArtifacts.TrainingName),
            Load(s_reference, "training_model.onnx")
        );

        // The reference's gradients are operators that only ONNX Runtime Training has; ours are standard.
        Assert.That(
            own.Graph.Nodes.Where(IsOther).Select(Sum),
            Is.EqualTo(reference.Graph.Nodes.Where(IsSum).Select(Sum))
        );
        Assert.That(Loss(own), Is.EqualTo(Loss(reference)));
        Assert.That(own.OperatorSets["com.microsoft"], Is.EqualTo(reference.OperatorSets["com.microsoft"]));
        Assert.That(Forward(own), Is.EquivalentTo(Forward(Load(s_reference, "eval_model.onnx"))));

        static bool IsOther(Node node) => node.Operator.Domain.Length > 0;
        static bool IsSum(Node node) => node.Operator.OperatorType == Accumulator;
        static string Sum(Node node) =>
            $"{node.Name} {string.Join(' ', Names(node.Inputs))} -> {string.Join(' ', Names(node.Outputs))}";
        static IEnumerable<string?> Names(IEnumerable<Value?> values) => values.Select(value => value?.Name);
    }

    [Test]
    public void The_checkpoint_has_the_parameters_of_the_reference()
    {
        WriteReference();

        var own = File.ReadAllBytes(Path.Combine(_folder, TrainingArtifacts.CheckpointName));
        var reference = File.ReadAllBytes(Path.Combine(s_reference, "checkpoint"));

        Assert.That(Checkpoint.Read(own).ToString(), Is.EqualTo(Checkpoint.Read(reference).ToString()));
    }

    [Test]
    public void Six_steps_of_the_files_reach_the_losses_of_the_reference()
    {
        WriteReference();
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_reference, "reference.json")));
        var losses = json.RootElement.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble()).ToList();
        var arrays = NpzFile.Read(Path.Combine(s_reference, "run.npz"));
        using var session = new PlayedTraining(_folder);

        var own = Enumerable
            .Range(0, losses.Count)
            .Select(step =>
                session.Step(
                    new Dictionary<string, NumericArray>
                    {
                        ["base"] = arrays["base"].Row(step),
                        ["source"] = arrays["source"].Row(step),
                        ["labels"] = arrays["labels"].Row(step),
                    },
                    0.01
                )
            )
            .ToList();

        Assert.That(own, Is.EqualTo(losses).Within(1e-5));
        Assert.That(session.Parameter("rotation"), Is.EqualTo(arrays["final_rotation"].Floats.ToArray()).Within(1e-4));
    }

    private static string[] Ports(IEnumerable<Value> values) =>
        [.. values.Select(value => $"{value} {Convert.ToHexString(value.OpaqueType.Span)}")];

    private static string[] Nodes(Model model) =>
        [
            .. model.Graph.Nodes.Select(node =>
                $"{node.Operator} {string.Join(", ", node.Attributes.Select(attribute => $"{attribute}").Order())}"
            ),
        ];

    private static string Loss(Model model) =>
        model.Graph.Nodes.Single(node => node.Operator.OperatorType == "SoftmaxCrossEntropyLoss").Operator.ToString();

    // The operators from which the loss is computed.
    private static IEnumerable<string> Forward(Model model) =>
        OnnxIntervene.IR.Analysis.Cone.Before([model.Graph.Outputs[0]]).Nodes.Select(node => $"{node.Operator}");

    private static Model Load(string folder, string file) => OnnxFile.Load(Path.Combine(folder, file));

    private void WriteReference()
    {
        using var loaded = LoadedModel.Load(Path.Combine(s_reference, "forward.onnx"));
        TrainingArtifacts.OfWeights(loaded, ["rotation"]).Save(_folder);
    }
}
