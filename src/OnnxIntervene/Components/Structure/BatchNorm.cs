using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// A BatchNormalization in the place of a layer's norm (time series, LeViT): its channels are the second axis, so that
/// the stream is transposed or reshaped for it, and back.
/// </summary>
internal static class BatchNorm
{
    private const int MostArrangements = 3;

    /// <summary>The norm's input, where the node is the norm's last one; null elsewhere.</summary>
    public static Value? InputOf(Node node)
    {
        var after = new Stack<string>();
        for (var at = node; at is not null && after.Count <= MostArrangements; at = at.InputOrNull(0)?.Producer)
        {
            if (Is(at))
                return at.InputOrNull(0) is { } input ? Arranged(input, after) : null;
            if (!IsArrangement(at))
                return null;
            after.Push(at.Operator.OperatorType);
        }

        return null;
    }

    /// <summary>Whether the node is a batch norm, or arranges what one reads or outputs.</summary>
    public static bool IsPart(Node node) =>
        Is(node)
        || (
            IsArrangement(node)
            && (node.InputOrNull(0)?.Producer is { } before && Is(before) || node.Output.Uses.Any(use => Is(use.Node)))
        );

    // What is arranged back afterwards was arranged before, in the other order.
    private static Value? Arranged(Value input, Stack<string> after)
    {
        foreach (var type in after)
        {
            if (input.Producer is not { } producer || !IsArrangement(producer) || !Undoes(type, producer))
                return null;
            input = producer.Inputs[0]!;
        }

        return input;
    }

    private static bool Undoes(string type, Node before) =>
        before.Operator.OperatorType switch
        {
            "Flatten" => type == "Reshape",
            "Squeeze" => type == "Unsqueeze",
            "Unsqueeze" => type == "Squeeze",
            var same => type == same,
        };

    private static bool Is(Node node) => node.Operator.OperatorType == "BatchNormalization";

    private static bool IsArrangement(Node node) =>
        node.Operator.OperatorType is "Transpose" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze";
}
