using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// What stands in a stream between an addition and all that reads it: a clip to what 16 bits hold (T5, BART), a mask of
/// padding, a constant scale.
/// </summary>
internal static class StreamGuards
{
    private const int MostOfMask = 40;

    // What masks are made of: comparisons and arrangements of what is given.
    private static readonly HashSet<string> s_ofMasks =
    [
        "Cast",
        "Unsqueeze",
        "Squeeze",
        "Expand",
        "Reshape",
        "Transpose",
        "Slice",
        "Not",
        "And",
        "Or",
        "Equal",
        "Greater",
        "GreaterOrEqual",
        "Less",
        "LessOrEqual",
        "Sub",
        "Where",
        "Range",
        "Shape",
        "Gather",
        "Concat",
        "ConstantOfShape",
        "Identity",
    ];

    /// <summary>The stream after them; the value itself where there are none.</summary>
    public static Value After(Value value)
    {
        var at = value;
        for (var depth = 0; depth < Dataflow.LongestChain; depth++)
        {
            if (LinearLayers.OnlyUse(at) is not { } use)
                break;
            if (IsGuard(use))
                value = use.Node.Output;
            else if (!Dataflow.IsTransparent(use.Node))
                break;
            at = use.Node.Output;
        }

        return value;
    }

    private static bool IsGuard(Use use) =>
        use.Node.Operator.OperatorType switch
        {
            "Clip" => use.InputIndex == 0,
            "Where" => use.InputIndex > 0
                && use.Node.InputOrNull(3 - use.InputIndex) is { } other
                && GraphConstants.IsConstant(other),
            "Mul" => Dataflow.ScaledInput(use.Node) == use.InputIndex
                || (use.Node.InputOrNull(1 - use.InputIndex) is { } factor && IsMask(factor)),
            "Div" => Dataflow.ScaledInput(use.Node) == use.InputIndex,
            _ => false,
        };

    private static bool IsMask(Value value)
    {
        var (seen, open) = (new HashSet<Value>(), new Stack<Value>([value]));
        while (open.TryPop(out var at))
        {
            if (!seen.Add(at) || GraphConstants.IsConstant(at) || at.Producer is not { } producer)
                continue;
            if (seen.Count > MostOfMask || !s_ofMasks.Contains(producer.Operator.OperatorType))
                return false;
            foreach (var input in producer.Inputs.OfType<Value>())
                open.Push(input);
        }

        return true;
    }
}
