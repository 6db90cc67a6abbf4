using System.Diagnostics.CodeAnalysis;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Every linear layer of a graph, by the node that multiplies.</summary>
internal sealed class LinearLayers
{
    private readonly Dictionary<Node, LinearLayer> _layers = [];
    private readonly Dictionary<Value, LinearLayer> _outputs = [];
    private readonly TypeInference _types;
    private readonly NearestLayers _nearest;
    private readonly Dictionary<Value, Projection?> _projections = [];
    private readonly NearestLayers _projectionWays;

    public LinearLayers(Graph graph, TypeInference types)
    {
        _types = types;
        _nearest = new NearestLayers(this, _ => false);
        _projectionWays = new NearestLayers(this, Projection.Ends);
        foreach (var node in graph.Nodes)
        {
            if (MatrixWidths.Of(node, types) is not { } sizes)
                continue;
            var output = WithBias(node.Output);
            var layer = new LinearLayer(node, InputOf(node), output, sizes.InputWidth, sizes.OutputWidth)
            {
                Number = _layers.Count,
            };
            _layers.Add(node, layer);
            _outputs.TryAdd(output, layer);
        }
    }

    /// <summary>The layers, in the graph's order.</summary>
    public IEnumerable<LinearLayer> All => _layers.Values;

    /// <summary>The layer whose output a value is; null when it is none's.</summary>
    public LinearLayer? EndingAt(Value value) => _outputs.GetValueOrDefault(value);

    public bool TryGet(Node? node, [NotNullWhen(true)] out LinearLayer? layer)
    {
        layer = null;
        return node is not null && _layers.TryGetValue(node, out layer);
    }

    /// <summary>The layers among these nodes, in the graph's order. O(nodes given).</summary>
    public List<LinearLayer> Among(IReadOnlySet<Node> nodes)
    {
        var found = new List<LinearLayer>();
        foreach (var node in nodes)
        {
            if (_layers.TryGetValue(node, out var layer))
                found.Add(layer);
        }

        found.Sort((one, other) => one.Number.CompareTo(other.Number));
        return found;
    }

    /// <summary>The linear layer that the shortest way back from a value leads to.</summary>
    public LinearLayer? NearestBefore(Value value) => _nearest.Of(value).Layer;

    /// <summary>Where an operand of an attention comes from; null when no linear layer is behind it.</summary>
    public Projection? ProjectionOf(Value operand)
    {
        if (!_projections.TryGetValue(operand, out var projection))
            _projections.Add(operand, projection = Projection.Along(operand, _projectionWays));
        return projection;
    }

    private Value InputOf(Node product)
    {
        var value = product.Inputs[0]!;
        if (IntegerProducts.IsUnscaled(product) && IntegerProducts.Unrounded(value) is { } unrounded)
            value = unrounded;
        for (var depth = 0; depth < Dataflow.LongestChain; depth++)
        {
            if (value.Producer is not { } producer || producer.InputOrNull(0) is not { } before)
                return value;
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

    /// <summary>
    /// A product, or a part of one, with the bias, scale, cast and reshape after it; other operators are ignored.
    /// </summary>
    public Value WithBias(Value product)
    {
        var (value, passed) = (product, product);
        while (OnlyUse(passed) is { } use)
        {
            if (IsPartOfLayer(use, passed))
                value = use.Node.Output;
            else if (!Dataflow.IsTransparent(use.Node) && !StaysFlat(use))
                return value;
            passed = use.Node.Output;
        }

        return value;
    }

    /// <summary>
    /// The one read of a value, questions for its shape left aside; null where there are more, or none.
    /// </summary>
    public static Use? OnlyUse(Value value)
    {
        Use? only = null;
        for (var index = 0; index < value.Uses.Count; index++)
        {
            var use = value.Uses[index];
            if (use.Node.Operator.OperatorType == "Shape")
                continue;
            if (only is not null)
                return null;
            only = use;
        }

        return only;
    }

    // The bias, the scale of a quantised product, the cast after it, and the return to three axes.
    private bool IsPartOfLayer(Use use, Value value) =>
        use.Node.Operator.OperatorType switch
        {
            "Add" => use.Node.Inputs[1 - use.InputIndex] is { } bias
                && (GraphConstants.Dimensions(bias, _types) is { Length: 1 } || IsFedVector(bias)),
            "Mul" => IsScaling(use, value),
            // What reads the layer reads it rounded.
            "DequantizeLinear" => use.InputIndex == 0,
            "Reshape" => use.InputIndex == 0 && _types.RankOf(value) == 2 && _types.RankOf(use.Node.Output) == 3,
            _ => false,
        };

    // A bias that each run feeds.
    private static bool IsFedVector(Value value) =>
        value is { Producer: null, IsConstant: false, Type.Shape.Rank: 1 } && value.Type.ElementType.IsFloat();

    private bool StaysFlat(Use use) =>
        use is { InputIndex: 0, Node.Operator.OperatorType: "Reshape" }
        && _types.RankOf(use.Node.Inputs[0]!) == 2
        && _types.RankOf(use.Node.Output) == 2;

    // A product of integers is multiplied by both scales at once, or by one after the other.
    private static bool IsScaling(Use use, Value value)
    {
        var product = Dataflow.FlatRoot(value).Producer;
        if (IntegerProducts.IsUnscaled(product))
            return true;
        var isHalfScaled =
            product is { Operator.OperatorType: "Mul" }
            && Enumerable
                .Range(0, 2)
                .Any(index =>
                    IntegerProducts.IsUnscaled(Dataflow.FlatRoot(product.Inputs[index]!).Producer)
                    && product.Inputs[1 - index] is { } scale
                    && (GraphConstants.IsConstant(scale) || scale.Producer?.Operator.OperatorType != "Mul")
                );
        return isHalfScaled
            && use.Node.Inputs[1 - use.InputIndex] is { } other
            && (GraphConstants.IsConstant(other) || IntegerProducts.IsScale(other));
    }
}
