using System.Diagnostics.CodeAnalysis;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Every linear layer of a graph, by the node that multiplies.</summary>
internal sealed class LinearLayers
{
    private readonly Dictionary<Node, LinearLayer> _layers = [];
    private readonly TypeInference _types;

    public LinearLayers(Graph graph, TypeInference types)
    {
        _types = types;
        foreach (var node in graph.Nodes)
        {
            if (MatrixWidths.Of(node) is { } sizes)
                _layers.Add(
                    node,
                    new LinearLayer(node, InputOf(node), OutputOf(node), sizes.InputWidth, sizes.OutputWidth)
                );
        }
    }

    /// <summary>The layers, in the graph's order.</summary>
    public IEnumerable<LinearLayer> All => _layers.Values;

    public bool TryGet(Node? node, [NotNullWhen(true)] out LinearLayer? layer)
    {
        layer = null;
        return node is not null && _layers.TryGetValue(node, out layer);
    }

    /// <summary>The linear layer nearest before a value, by the shortest way back.</summary>
    public LinearLayer? NearestBefore(Value value)
    {
        var seen = new HashSet<Value>();
        var open = new Queue<Value>([value]);
        while (open.TryDequeue(out var at))
        {
            if (!seen.Add(at) || at.Producer is not { } producer)
                continue;
            if (TryGet(producer, out var layer))
                return layer;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Enqueue(input);
        }

        return null;
    }

    private Value InputOf(Node product)
    {
        var value = product.Inputs[0]!;
        while (value.Producer is { } producer && producer.InputOrNull(0) is { } before)
        {
            if (
                producer.Operator.OperatorType
                is "Identity"
                    or "Dropout"
                    or "DynamicQuantizeLinear"
                    or "DequantizeLinear"
                    or "QuantizeLinear"
            )
                value = before;
            else if (
                producer.Operator.OperatorType is "Reshape" or "Flatten"
                && _types.RankOf(value) == 2
                && _types.RankOf(before) is 3 or 4
            )
                return before;
            else if (
                producer.Operator.OperatorType == "Reshape"
                && _types.RankOf(value) == 2
                && _types.RankOf(before) == 2
            )
                value = before;
            else
                return value;
        }

        return value;
    }

    private Value OutputOf(Node product)
    {
        return WithBias(product.Output);
    }

    /// <summary>
    /// A product, or a part of one, with the bias, scale, cast and reshape after it; other operators are ignored.
    /// </summary>
    public Value WithBias(Value product)
    {
        var (value, passed) = (product, product);
        while (passed.Uses.Where(use => use.Node.Operator.OperatorType != "Shape").ToList() is [var use])
        {
            if (IsPartOfLayer(use, passed))
                value = use.Node.Output;
            else if (!Dataflow.IsTransparent(use.Node) && !StaysFlat(use))
                return value;
            passed = use.Node.Output;
        }

        return value;
    }

    // The bias, the scale of a quantised product, the cast after it, and the return to three axes.
    private bool IsPartOfLayer(Use use, Value value) =>
        use.Node.Operator.OperatorType switch
        {
            "Add" => use.Node.Inputs[1 - use.InputIndex] is { } bias
                && GraphConstants.IsConstant(bias)
                && GraphConstants.Dimensions(bias) is { Length: 1 },
            "Mul" => value.Producer!.Operator.OperatorType is "MatMulInteger" or "Cast" && IsQuantised(value),
            "Reshape" => use.InputIndex == 0 && _types.RankOf(value) == 2 && _types.RankOf(use.Node.Output) == 3,
            _ => false,
        };

    private bool StaysFlat(Use use) =>
        use is { InputIndex: 0, Node.Operator.OperatorType: "Reshape" }
        && _types.RankOf(use.Node.Inputs[0]!) == 2
        && _types.RankOf(use.Node.Output) == 2;

    private static bool IsQuantised(Value value) =>
        Dataflow.Root(value).Producer?.Operator.OperatorType == "MatMulInteger";
}
