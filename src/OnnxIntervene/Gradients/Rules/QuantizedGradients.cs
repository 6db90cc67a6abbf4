using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>
/// Products with weights of few bits (ONNX Runtime, docs/ContribOperators.md). The weights are written out as numbers
/// with standard operators over constants, which ONNX Runtime computes once, when it opens the session.
/// </summary>
internal static class QuantizedGradients
{
    private const int ZeroPointsInput = 3;
    private const int GroupsInput = 4;
    private const int BiasInput = 5;

    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [new(new OperatorKey(OperatorKey.Microsoft, "MatMulNBits"), MatMulNBits)];

    // Y = X Wᵀ with W [N, K] in blocks along K: dX = dY W.
    private static ImmutableArray<Value?> MatMulNBits(GradientStep step)
    {
        if (step.Integer("bits", 4) is not (4 or 8))
            throw step.Refusal($"weights of {step.Integer("bits", 4)} bits have no rule");
        if (step.Node.InputOrNull(GroupsInput) is not null)
            throw step.Refusal("its weights are quantised in an order of their own ('g_idx'), which has no rule");
        if (step.Node.Inputs.Select((_, input) => input).Skip(1).Where(input => input != BiasInput).Any(step.Needs))
            throw step.Refusal("the gradient of quantised weights has no rule");
        var product = step.Needs(0) ? step.Ops.Emit("MatMul", [step.Dy, Weights(step)]) : null;
        return
        [
            product,
            .. step
                .Node.Inputs.Skip(1)
                .Select(
                    (input, index) =>
                        index + 1 == BiasInput && step.Needs(BiasInput) ? step.SumTo(step.Dy, input!) : null
                ),
        ];
    }

    // (q - zero) × scale, block by block.
    private static Value Weights(GradientStep step)
    {
        var (width, rows) = (step.Node.FindAttribute("K")!.Integer, step.Node.FindAttribute("N")!.Integer);
        var block = step.Node.FindAttribute("block_size")!.Integer;
        var blocks = (width + block - 1) / block;
        var levels = step.Ops.Reshape(Levels(step, step.Node.Inputs[1]!), rows, blocks, block);
        var scales = step.Ops.Reshape(step.Node.Inputs[2]!, rows, blocks, 1);
        var numbers = step.Ops.Mul(step.Ops.Sub(levels, Zero(step, rows, blocks)), scales);
        var whole = step.Ops.Reshape(numbers, rows, blocks * block);
        return blocks * block == width ? whole : step.Ops.Slice(whole, 1, 0, width);
    }

    // Without zero points, the middle level is zero.
    private static Value Zero(GradientStep step, long rows, long blocks)
    {
        if (step.Node.InputOrNull(ZeroPointsInput) is not { } zeros)
            return step.Number(step.Integer("bits", 4) == 4 ? 8 : 128);
        if (step.TypeOf(zeros) != ElementType.UInt8)
            return step.Ops.Reshape(zeros, rows, blocks, 1);
        // Each row begins with a new byte.
        var levels = step.Ops.Reshape(Levels(step, zeros), rows, -1);
        return step.Ops.Reshape(step.Ops.Slice(levels, 1, 0, blocks), rows, blocks, 1);
    }

    // Bytes as numbers, the lower half of a byte first where it holds two.
    private static Value Levels(GradientStep step, Value packed)
    {
        var bytes = step.Ops.Cast(packed, step.Type);
        if (step.Integer("bits", 4) == 8)
            return bytes;
        var high = step.Apply("Floor", step.Ops.Mul(bytes, step.Number(1.0 / 16)));
        var low = step.Ops.Sub(bytes, step.Ops.Mul(high, step.Number(16)));
        return step.Ops.Concat(-1, step.Ops.Unsqueeze(low, -1), step.Ops.Unsqueeze(high, -1));
    }
}
