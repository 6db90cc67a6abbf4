using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>
/// A sample with its loss and gradients in ONNX Runtime, in the sample's own precision: 64 bits where its operator has
/// them.
/// </summary>
internal sealed class PreciseRun : IDisposable
{
    private readonly InferenceSession _session;
    private readonly GradientSample _sample;
    private readonly double[][] _numbers;
    private readonly (long[] Shape, double[] Numbers)[] _gradients;
    private readonly bool _isDouble;

    public PreciseRun(Model model, GradientSample sample)
    {
        _session = SessionFactory.Open(model, new ExecutionOptions { Threads = 1 });
        _sample = sample;
        _isDouble = sample.Type == ElementType.Float64;
        _numbers = [.. sample.Shapes.Select((_, input) => sample.Numbers(input))];
        _gradients = Run([.. _session.OutputNames.Skip(1)]);
    }

    /// <summary>Half the way between the two points of a difference.</summary>
    public double Step => _isDouble ? 1e-5 : 1e-2;

    /// <summary>How far a gradient may be from a difference, for numbers of about 1.</summary>
    public double Tolerance => _isDouble ? 1e-7 : 3e-3;

    public (long[] Shape, double[] Numbers) Gradient(int input) => _gradients[input];

    /// <summary>The central difference of the loss by one element.</summary>
    public double Difference(int input, int index)
    {
        var number = _numbers[input][index];
        _numbers[input][index] = number + Step;
        var above = Loss();
        _numbers[input][index] = number - Step;
        var below = Loss();
        _numbers[input][index] = number;
        return (above - below) / (2 * Step);
    }

    public void Dispose() => _session.Dispose();

    private double Loss() => Run([_session.OutputNames[0]])[0].Numbers[0];

    private (long[] Shape, double[] Numbers)[] Run(IReadOnlyList<string> outputs)
    {
        using var options = new RunOptions();
        var inputs = _numbers.Select((numbers, input) => Tensor(numbers, _sample.Shapes[input])).ToList();
        try
        {
            string[] names = [.. inputs.Select((_, input) => $"x{input}")];
            using var results = _session.Run(options, names, inputs, outputs);
            return [.. results.Select(result => (result.GetTensorTypeAndShape().Shape, Numbers(result)))];
        }
        finally
        {
            foreach (var input in inputs)
                input.Dispose();
        }
    }

    private OrtValue Tensor(double[] numbers, long[] shape) =>
        _isDouble
            ? OrtValue.CreateTensorValueFromMemory(numbers, shape)
            : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => (float)number), shape);

    private double[] Numbers(OrtValue value) =>
        _isDouble
            ? value.GetTensorDataAsSpan<double>().ToArray()
            : Array.ConvertAll(value.GetTensorDataAsSpan<float>().ToArray(), number => (double)number);
}
