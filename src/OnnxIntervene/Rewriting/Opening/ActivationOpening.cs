using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// Opens the activations that ONNX Runtime computes in one operator (ONNX Runtime, docs/ContribOperators.md; ONNX,
/// Operators.md, Gelu).
/// </summary>
internal static class ActivationOpening
{
    /// <summary>The Gelu of a sum with a bias.</summary>
    public static OpenedValues BiasGelu(GraphEditor editor, Node node)
    {
        var ops = new NumberBuilder(editor, node);
        return Done(editor, node, Exact(ops, ops.Add(node.Inputs[0]!, node.Inputs[1]!)));
    }

    /// <summary>The Gelu of the standard, or of ONNX Runtime, which has only the exact form.</summary>
    public static OpenedValues Gelu(GraphEditor editor, Node node)
    {
        var ops = new NumberBuilder(editor, node);
        var input = node.Inputs[0]!;
        return Done(
            editor,
            node,
            node.FindAttribute("approximate") is { Text: "tanh" } ? Approximate(ops, input) : Exact(ops, input)
        );
    }

    /// <summary>The approximate Gelu, of a sum with a bias where there is one.</summary>
    public static OpenedValues FastGelu(GraphEditor editor, Node node)
    {
        var ops = new NumberBuilder(editor, node);
        var input = node.Inputs[0]!;
        return Done(editor, node, Approximate(ops, node.InputOrNull(1) is { } bias ? ops.Add(input, bias) : input));
    }

    /// <summary>x · sigmoid(alpha · x)</summary>
    public static OpenedValues QuickGelu(GraphEditor editor, Node node)
    {
        var ops = new NumberBuilder(editor, node);
        var input = node.Inputs[0]!;
        var scaled = ops.Mul(input, ops.Number(node.FindAttribute("alpha")?.Float ?? 1.702f));
        return Done(editor, node, ops.Mul(input, ops.Emit("Sigmoid", scaled)));
    }

    // x/2 · (1 + erf(x/√2))
    private static Value Exact(NumberBuilder ops, Value input)
    {
        var share = ops.Add(ops.Emit("Erf", ops.Mul(input, ops.Number(MathF.Sqrt(0.5f)))), ops.Number(1));
        return ops.Mul(ops.Mul(input, ops.Number(0.5f)), share);
    }

    // x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
    private static Value Approximate(NumberBuilder ops, Value input)
    {
        var cube = ops.Mul(ops.Mul(input, input), input);
        var inner = ops.Mul(ops.Add(input, ops.Mul(cube, ops.Number(0.044715f))), ops.Number(MathF.Sqrt(2 / MathF.PI)));
        return ops.Mul(ops.Mul(input, ops.Number(0.5f)), ops.Add(ops.Emit("Tanh", inner), ops.Number(1)));
    }

    private static OpenedValues Done(GraphEditor editor, Node node, Value result)
    {
        editor.Replace(node.Output, result);
        return new OpenedValues();
    }
}
