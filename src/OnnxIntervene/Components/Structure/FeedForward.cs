using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>The linear layers of a feed-forward, and what is between them.</summary>
/// <param name="Entry">A linear layer that reads the feed-forward's input.</param>
/// <param name="Down">The linear layer that ends it; null in a mixture of experts, where several do.</param>
/// <param name="Router">In a mixture of experts, the linear layer that weighs them.</param>
/// <param name="Activation">The output of the activation function, before it is multiplied with another branch.</param>
internal sealed record FeedForward(LinearLayer Entry, LinearLayer? Down, LinearLayer? Router, Value? Activation)
{
    /// <summary>Whether another branch multiplies the activation.</summary>
    public bool IsGated => Activation is not null && Activation != Dataflow.Root(Down!.Input);

    public static FeedForward? Of(SubLayer part, LinearLayers layers)
    {
        var inside = part
            .Nodes.Select(node => layers.TryGet(node, out var layer) ? layer : null)
            .OfType<LinearLayer>()
            .ToImmutableArray();
        var ways = new NearestLayers(layers, node => !part.Nodes.Contains(node));
        if (inside.FirstOrDefault(layer => ways.Of(layer.Input).Layer is null) is not { } entry)
            return null;
        var router = inside.FirstOrDefault(ChoosesExperts);
        if (router is not null)
            return new FeedForward(router, null, router, null);
        var down = layers.NearestBefore(part.Part);
        if (down is not null && HasLayerBeside(down, part, layers))
            return new FeedForward(entry, null, null, null);
        return new FeedForward(entry, down, null, down is null ? null : ActivationOf(down, part, layers));
    }

    // Several layers end a mixture, whatever chooses among them.
    private static bool HasLayerBeside(LinearLayer down, SubLayer part, LinearLayers layers)
    {
        var seen = new HashSet<Value>();
        var open = new Stack<Value>([part.Part]);
        while (open.TryPop(out var at))
        {
            if (
                !seen.Add(at)
                || at.Producer is not { } producer
                || producer == down.Product
                || !part.Nodes.Contains(producer)
            )
                continue;
            if (layers.TryGet(producer, out _))
                return true;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return false;
    }

    // Experts are weighed by a softmax or a sigmoid whose largest entries are taken.
    private static bool ChoosesExperts(LinearLayer layer)
    {
        var open = new Stack<(Value Value, int Depth)>([(layer.Output, 0)]);
        while (open.TryPop(out var at))
        {
            foreach (var node in at.Value.Uses.Select(use => use.Node))
            {
                if (node.Operator.OperatorType is "TopK")
                    return true;
                if (
                    at.Depth < 4
                    && node.Operator.OperatorType
                        is "Softmax"
                            or "Sigmoid"
                            or "Cast"
                            or "Identity"
                            or "Dropout"
                            or "Reshape"
                            or "Add"
                )
                    open.Push((node.Output, at.Depth + 1));
            }
        }

        return false;
    }

    // In a gated feed-forward one factor comes straight from a linear layer; the other is the activation.
    private static Value? ActivationOf(LinearLayer down, SubLayer part, LinearLayers layers)
    {
        var value = Dataflow.Root(down.Input);
        if (layers.TryGet(StraightFrom(value, layers), out _))
            return null;
        if (value.Producer is not { Operator.OperatorType: "Mul" } product)
            return value;
        var factors = product.Inputs.OfType<Value>().Where(factor => !GraphConstants.IsConstant(factor)).ToList();
        if (factors.Count != 2)
            return value;
        var straight = factors.FindIndex(factor => StraightFrom(factor, layers) is not null);
        if (straight < 0 || Sources(factors[0], part, layers).SetEquals(Sources(factors[1], part, layers)))
            return value;
        return factors[1 - straight];
    }

    // The product that computes the value with nothing but a bias, a cast, a reshape or a division into parts after it.
    private static Node? StraightFrom(Value value, LinearLayers layers)
    {
        var at = value;
        for (var depth = 0; depth < Dataflow.LongestChain && at.Producer is { } producer; depth++)
        {
            if (layers.TryGet(producer, out _))
                return producer;
            if (layers.EndingAt(at) is { } layer)
                return layer.Product;
            var isBias =
                producer.Operator.OperatorType == "Add"
                && producer.Inputs.OfType<Value>().Count(input => !GraphConstants.IsConstant(input)) == 1;
            if (
                !isBias
                && !Dataflow.IsTransparent(producer)
                && producer.Operator.OperatorType is not ("Reshape" or "Split" or "Slice" or "DequantizeLinear")
                && IntegerProducts.DataOf(producer) is not [_]
            )
                return null;
            if (Dataflow.DataInputs(producer).FirstOrDefault() is not { } before)
                return null;
            at = before;
        }

        return null;
    }

    private static void PushAll(Stack<Value> open, IEnumerable<Value> values)
    {
        foreach (var value in values)
            open.Push(value);
    }

    // Linear layers, or parts of one, that a factor is made of; and the stream itself.
    private static HashSet<Value> Sources(Value factor, SubLayer part, LinearLayers layers)
    {
        var (found, seen, open) = (new HashSet<Value>(), new HashSet<Value>(), new Stack<Value>([factor]));
        while (open.TryPop(out var at))
        {
            if (!seen.Add(at) || at.Producer is not { } producer)
                continue;
            if (
                !part.Nodes.Contains(producer)
                || layers.TryGet(producer, out _)
                || producer.Operator.OperatorType is "Split" or "Slice"
            )
                found.Add(at);
            else
                PushAll(open, Dataflow.DataInputs(producer));
        }

        return found;
    }
}
