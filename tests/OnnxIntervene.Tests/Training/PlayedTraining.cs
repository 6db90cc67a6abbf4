using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Artifacts;

namespace OnnxIntervene.Tests.Training;

/// <summary>
/// A training session over a folder of artifacts in plain ONNX Runtime: sums of gradients are read before they are
/// summed, and AdamWOptimizer is computed here, from its attributes (orttraining/…/adamw.cc, adam_mode 1).
/// </summary>
internal sealed class PlayedTraining : IDisposable
{
    private readonly InferenceSession _session;
    private readonly Dictionary<string, (NumericArray Value, float[] First, float[] Second)> _parameters = [];
    private readonly string[] _gradients;
    private readonly Node _optimizer;
    private int _step;

    public PlayedTraining(string folder)
    {
        var checkpoint = Checkpoint.Read(File.ReadAllBytes(Path.Combine(folder, TrainingArtifacts.CheckpointName)));
        foreach (var tensor in checkpoint.All)
        {
            var shape = tensor.Shape.Select(size => (int)size).ToArray();
            var size = tensor.Numbers.Length;
            _parameters.Add(tensor.Name, (NumericArray.Of(tensor.Numbers, shape), new float[size], new float[size]));
        }

        Trained = [.. checkpoint.Trained.Select(tensor => tensor.Name)];
        _gradients = [.. Trained.Select(name => $"{name}_grad")];
        var model = OnnxFile.Load(Path.Combine(folder, TrainingArtifacts.TrainingName));
        var values = model.Graph.AllValues().ToDictionary(value => value.Name);
        DeadCode.LeaveOnly(model, [model.Graph.Outputs[0], .. _gradients.Select(name => values[name])]);
        _session = SessionFactory.Open(model, new ExecutionOptions { Threads = 1 });
        _optimizer = OnnxFile.Load(Path.Combine(folder, TrainingArtifacts.OptimizerName)).Graph.Nodes.Single();
    }

    public IReadOnlyList<string> Trained { get; }

    public float[] Parameter(string name) => _parameters[name].Value.Floats.ToArray();

    /// <summary>The gradients of the first step, by parameter.</summary>
    public Dictionary<string, float[]> FirstGradients { get; } = [];

    /// <summary>Computes the loss, then moves the parameters.</summary>
    public double Step(IReadOnlyDictionary<string, NumericArray> feeds, double learningRate)
    {
        var all = feeds.Concat(
            _parameters.Select(item => new KeyValuePair<string, NumericArray>(item.Key, item.Value.Value))
        );
        var known = all.Where(feed => _session.InputNames.Contains(feed.Key)).ToDictionary(feed => feed.Key, Tensor);
        using var options = new RunOptions();
        using var results = _session.Run(options, known, _session.OutputNames);
        _step++;
        for (var index = 0; index < Trained.Count; index++)
        {
            FirstGradients.TryAdd(Trained[index], results[index + 1].GetTensorDataAsSpan<float>().ToArray());
            Move(Trained[index], results[index + 1].GetTensorDataAsSpan<float>(), learningRate);
        }

        foreach (var value in known.Values)
            value.Dispose();
        return results[0].GetTensorDataAsSpan<float>()[0];
    }

    public void Dispose() => _session.Dispose();

    private void Move(string name, ReadOnlySpan<float> gradient, double learningRate)
    {
        var (value, first, second) = _parameters[name];
        var (alpha, beta, epsilon) = (Attribute("alpha"), Attribute("beta"), Attribute("epsilon"));
        var size = learningRate * Math.Sqrt(1 - Math.Pow(beta, _step)) / (1 - Math.Pow(alpha, _step));
        var numbers = value.Floats.ToArray();
        for (var index = 0; index < numbers.Length; index++)
        {
            first[index] = (alpha * first[index]) + ((1 - alpha) * gradient[index]);
            second[index] = (beta * second[index]) + ((1 - beta) * gradient[index] * gradient[index]);
            numbers[index] -= (float)(size * first[index] / (MathF.Sqrt(second[index]) + epsilon));
            numbers[index] -= (float)(learningRate * Attribute("weight_decay")) * numbers[index];
        }

        _parameters[name] = (NumericArray.Of(numbers, value.Shape.AsSpan()), first, second);
    }

    private float Attribute(string name) => _optimizer.FindAttribute(name)!.Float;

    private static OrtValue Tensor(KeyValuePair<string, NumericArray> feed)
    {
        var shape = feed.Value.Shape.Select(size => (long)size).ToArray();
        return feed.Value.IsInteger
            ? OrtValue.CreateTensorValueFromMemory(feed.Value.Integers.ToArray(), shape)
            : OrtValue.CreateTensorValueFromMemory(feed.Value.Floats.ToArray(), shape);
    }
}
