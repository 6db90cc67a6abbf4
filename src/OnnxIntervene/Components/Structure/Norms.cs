using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Recognises norms: one operator, or the arithmetic around a mean that exporters write for it.</summary>
internal sealed class Norms
{
    private const int DeepestChain = 12;
    private const int LongestNorm = 40;
    private const int MostOfNorm = 200;

    /// <summary>
    /// A norm's input, ignoring casts, when the value is a norm's output; null otherwise.
    /// </summary>
    public static Value? InputOf(Value value)
    {
        var root = Dataflow.Root(value);
        if (root.Producer is not { } producer)
            return null;
        if (
            producer.Operator.OperatorType
            is "LayerNormalization"
                or "SimplifiedLayerNormalization"
                or "RMSNormalization"
        )
            return Dataflow.Root(producer.Inputs[0]!);
        if (BatchNorm.InputOf(producer) is { } batch)
            return Dataflow.Root(batch);
        return producer.Operator.OperatorType is "Mul" or "Add" or "Div" && MeanBefore(root) is { } mean
            ? Normalised(root, mean)
            : null;
    }

    /// <summary>
    /// The output of the norm of a value, followed to the norm's end; null when no norm reads the value.
    /// </summary>
    public static Value? OutputOf(Value input)
    {
        var root = Dataflow.Root(input);
        var seen = new HashSet<Value>();
        var open = new Queue<(Value Value, bool IsNormed)>([(root, false)]);
        Value? found = null;
        while (open.TryDequeue(out var at) && seen.Count < LongestNorm)
        {
            foreach (
                var output in at
                    .Value.Uses.Select(use => use.Node)
                    .Where(IsPartOfNorm)
                    .Select(node => node.Output)
                    .Where(seen.Add)
            )
            {
                var isNormed = InputOf(output) is { } before && Dataflow.FlatRoot(before) == Dataflow.FlatRoot(root);
                if (isNormed)
                    found = output;
                if (isNormed || !at.IsNormed)
                    open.Enqueue((output, isNormed));
            }
        }

        return found;
    }

    private static bool IsPartOfNorm(Node node) =>
        IsNorm(node)
        || BatchNorm.IsPart(node)
        || IntegerProducts.IsRounding(node)
        || (IsArithmetic(node) && !IsSumOfTwo(node));

    // An addition of two computed values is the residual stream's, not the norm's.
    private static bool IsSumOfTwo(Node node) =>
        node.Operator.OperatorType == "Add"
        && node.Inputs.OfType<Value>().All(input => !GraphConstants.IsConstant(input));

    private static bool IsNorm(Node node) =>
        node.Operator.OperatorType is "LayerNormalization" or "SimplifiedLayerNormalization" or "RMSNormalization";

    private static bool IsArithmetic(Node node) =>
        node.Operator.OperatorType
            is "Mul"
                or "Div"
                or "Add"
                or "Sub"
                or "Sqrt"
                or "Reciprocal"
                or "Pow"
                or "ReduceMean"
                or "Cast"
                or "Identity"
                or "Neg"
                or "Rsqrt";

    // The mean of squares: reached from the norm's output through products, quotients, the root and the addition of
    // epsilon.
    private static Node? MeanBefore(Value output)
    {
        var open = new Queue<(Value Value, int Depth, bool PastRoot)>([(output, 0, false)]);
        var seen = new HashSet<(Value, bool)>();
        while (open.TryDequeue(out var at) && seen.Count < MostOfNorm)
        {
            if (!seen.Add((at.Value, at.PastRoot)))
                continue;
            if (at.Value.Producer is not { } producer || at.Depth > DeepestChain)
                continue;
            if (producer.Operator.OperatorType == "ReduceMean")
            {
                if (at.PastRoot)
                    return producer;
                continue;
            }

            if (!IsArithmetic(producer) || producer.Operator.OperatorType is "Sub" || IsSumOfTwo(producer))
                continue;
            var pastRoot =
                at.PastRoot
                || producer.Operator.OperatorType is "Sqrt" or "Rsqrt"
                || (producer.Operator.OperatorType == "Pow" && at.Depth > 0);
            foreach (var input in Dataflow.DataInputs(producer))
                open.Enqueue((input, at.Depth + 1, pastRoot));
        }

        return null;
    }

    private static Value? Normalised(Value output, Node meanOfSquares)
    {
        var square = Dataflow.Root(meanOfSquares.Inputs[0]!).Producer;
        if (square?.Operator.OperatorType is not ("Pow" or "Mul"))
            return null;
        var root = Dataflow.Root(square.Inputs[0]!);
        // A layer norm squares the distance from the mean.
        var input =
            root.Producer is { Operator.OperatorType: "Sub" } distance
            && Dataflow.Root(distance.Inputs[1]!).Producer is { Operator.OperatorType: "ReduceMean" }
                ? Dataflow.Root(distance.Inputs[0]!)
                : root;
        return ReadsBesides(output, root) ? input : null;
    }

    // The same value must be the numerator too: within a few products of the output.
    private static bool ReadsBesides(Value output, Value numerator)
    {
        var open = new Queue<(Value Value, int Depth)>([(output, 0)]);
        while (open.TryDequeue(out var at))
        {
            if (Dataflow.Root(at.Value) == numerator)
                return true;
            if (
                at.Depth < 6
                && Dataflow.Root(at.Value).Producer is { Operator.OperatorType: "Mul" or "Div" or "Add" } producer
            )
            {
                foreach (var input in Dataflow.DataInputs(producer))
                    open.Enqueue((input, at.Depth + 1));
            }
        }

        return false;
    }
}
