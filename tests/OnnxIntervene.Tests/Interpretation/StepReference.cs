using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// The reference GRU step by step in double precision: r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + r h_n), h' =
/// z h + (1 − z) n.
/// </summary>
internal sealed class StepReference
{
    private const string Cell = "cells.0";
    private readonly NumericArray _inputWeight;
    private readonly NumericArray _stateWeight;
    private readonly double[] _inputBias;
    private readonly double[] _stateBias;

    public StepReference()
    {
        var graph = OnnxFile.Load(PathOf("unrolled")).Graph;
        (_inputWeight, _stateWeight) = (Read(graph, "x2h.weight"), Read(graph, "h2h.weight"));
        (_inputBias, _stateBias) = (Rows.Of(Read(graph, "x2h.bias")), Rows.Of(Read(graph, "h2h.bias")));
    }

    /// <summary>An export of the same weights.</summary>
    public static string PathOf(string export) =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", "gru", export, "model.onnx");

    /// <summary>The states after each step of each example, one after the other.</summary>
    /// <param name="inputs"><c>[batch, step, width]</c>.</param>
    /// <param name="change">Changes an example's state after a step.</param>
    public float[] Run(NumericArray inputs, Func<int, int, double[], double[]> change)
    {
        var hidden = new List<double>();
        for (var example = 0; example < inputs.Shape[0]; example++)
        {
            var state = new double[inputs.Shape[2]];
            for (var step = 0; step < inputs.Shape[1]; step++)
            {
                state = change(example, step, Next(Rows.Of(inputs.Row(example).Row(step)), state));
                hidden.AddRange(state);
            }
        }

        return [.. hidden.Select(number => (float)number)];
    }

    private double[] Next(double[] input, double[] state)
    {
        var x = Rows.Add(Rows.TimesTransposed(input, _inputWeight), _inputBias).Chunk(state.Length).ToArray();
        var h = Rows.Add(Rows.TimesTransposed(state, _stateWeight), _stateBias).Chunk(state.Length).ToArray();
        var (reset, keep) = (Rows.Sigmoid(Rows.Add(x[0], h[0])), Rows.Sigmoid(Rows.Add(x[1], h[1])));
        var made = Rows.Add(x[2], Rows.Multiply(reset, h[2])).Select(Math.Tanh).ToArray();
        return Rows.Mix(keep, made, state);
    }

    private static NumericArray Read(Graph graph, string name)
    {
        var data = graph.FindValue($"{Cell}.{name}")!.Initializer!;
        return NumericArray.Of(data.ReadFloats(), [.. data.Dimensions.Select(size => (int)size)]);
    }
}
