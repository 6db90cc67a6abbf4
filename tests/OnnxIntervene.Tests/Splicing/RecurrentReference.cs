namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// An LSTM or a plain RNN computed step by step, with a change of the state after each step (ONNX, Operators.md).
/// </summary>
/// <param name="HasCell">Whether it is an LSTM.</param>
/// <param name="Input">Weights of the input, <c>[gates × width, input width]</c>.</param>
/// <param name="State">Weights of the state, <c>[gates × width, width]</c>.</param>
/// <param name="Bias">Two biases one after the other, <c>[2 × gates × width]</c>.</param>
/// <param name="Width">How wide the state is.</param>
internal sealed record RecurrentReference(bool HasCell, float[] Input, float[] State, float[] Bias, int Width)
{
    private int Gates => HasCell ? 4 : 1;

    /// <summary>The states after each step, step after step, of one example of steps × input width.</summary>
    public float[] Run(ReadOnlySpan<float> example, int steps, Func<int, double[], double[]> change)
    {
        var (state, cell, states) = (new double[Width], new double[Width], new List<float>());
        var inputWidth = example.Length / steps;
        for (var step = 0; step < steps; step++)
        {
            var gates = GatesOf(example.Slice(step * inputWidth, inputWidth), state);
            state = change(step, HasCell ? Cell(gates, cell) : [.. gates.Select(Math.Tanh)]);
            states.AddRange(state.Select(number => (float)number));
        }

        return [.. states];
    }

    private double[] GatesOf(ReadOnlySpan<float> input, double[] state)
    {
        var gates = new double[Gates * Width];
        for (var row = 0; row < gates.Length; row++)
        {
            gates[row] = Bias[row] + Bias[gates.Length + row];
            for (var index = 0; index < input.Length; index++)
                gates[row] += Input[(row * input.Length) + index] * input[index];
            for (var index = 0; index < Width; index++)
                gates[row] += State[(row * Width) + index] * state[index];
        }

        return gates;
    }

    // The gates stand in the order input, output, forget, cell.
    private double[] Cell(double[] gates, double[] cell)
    {
        var state = new double[Width];
        for (var index = 0; index < Width; index++)
        {
            cell[index] =
                (Sigmoid(gates[(2 * Width) + index]) * cell[index])
                + (Sigmoid(gates[index]) * Math.Tanh(gates[(3 * Width) + index]));
            state[index] = Sigmoid(gates[Width + index]) * Math.Tanh(cell[index]);
        }

        return state;
    }

    private static double Sigmoid(double number) => 1 / (1 + Math.Exp(-number));
}
