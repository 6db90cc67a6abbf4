using OnnxIntervene.IR;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>
/// The transpose of broadcasting: an input that was repeated along an axis gets the sum of the gradients along it.
/// Which axes these are is worked out beforehand where the graph tells, else when it runs.
/// </summary>
internal static class BroadcastSum
{
    // The operator set from which the axes of a sum may be computed.
    private const int OldestWithComputedAxes = 13;

    /// <summary>The gradient in the input's shape.</summary>
    /// <param name="step">The node.</param>
    /// <param name="gradient">The gradient in the shape of the output.</param>
    /// <param name="whole">What is known of that shape; null where the rank is not known.</param>
    /// <param name="input">The input that was broadcast.</param>
    public static Value Of(GradientStep step, Value gradient, Shape? whole, Value input)
    {
        if (whole is null || step.Types.ShapeOf(input) is not { } part || Axes(whole, part) is not { } axes)
            return AtRunTime(step, gradient, input);
        if (axes.Length == 0)
            return gradient;
        var sum = step.Sum(gradient, axes);
        return whole.Rank == part.Rank ? sum : step.ReshapeLike(sum, input);
    }

    // The axes of the output on which the input is repeated; null where only running the graph shows it.
    private static long[]? Axes(Shape whole, Shape part)
    {
        var leading = whole.Rank - part.Rank;
        var axes = new List<long>();
        for (var axis = 0; axis < whole.Rank; axis++)
        {
            if (axis < leading)
                axes.Add(axis);
            else if (IsRepeated(whole[axis], part[axis - leading]) is not { } isRepeated)
                return null;
            else if (isRepeated)
                axes.Add(axis);
        }

        return [.. axes];
    }

    private static bool? IsRepeated(Dimension whole, Dimension part)
    {
        if (part.Size is { } size)
            return size == 1 && whole.Size != 1;
        if (whole.Size == 1 || (part.Symbol is { Length: > 0 } symbol && symbol == whole.Symbol))
            return false;
        return null;
    }

    private static Value AtRunTime(GradientStep step, Value gradient, Value input)
    {
        var ops = step.Ops;
        if (ops.OperatorSetVersion < OldestWithComputedAxes)
            throw step.Refusal(
                $"which axes are broadcast shows only when it runs, which needs operator set {OldestWithComputedAxes}; "
                    + $"the model uses {ops.OperatorSetVersion}"
            );
        var (whole, part) = (ops.ShapeOf(gradient), ops.ShapeOf(input));
        var missing = ops.Sub(ops.ShapeOf(whole), ops.ShapeOf(part));
        var padded = ops.Concat(0, ops.ConstantOfShape(missing, TensorData.FromIntegers([1], [1])), part);
        var differs = ops.Emit("Not", [ops.Emit("Equal", [padded, whole])]);
        var axes = ops.Reshape(ops.Emit("NonZero", [differs]), -1);
        var sum = ops.Emit(
            "ReduceSum",
            [gradient, axes],
            [NodeAttribute.Of("keepdims", 0L), NodeAttribute.Of("noop_with_empty_axes", 1L)]
        );
        return step.Reshape(sum, part);
    }
}
