using OnnxIntervene.Baking.Removal;
using OnnxIntervene.Baking.Weights;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking;

/// <summary>Where a component's weights are: those of the layer that computes it, or of those that read it.</summary>
internal sealed class FoldPlace
{
    private readonly FoldGraph _graph;
    private readonly Component _component;
    private readonly IReadOnlyList<FoldBlock> _blocks;
    private readonly string _what;
    private readonly Value? _value;

    private FoldPlace(FoldGraph graph, Component component, IReadOnlyList<FoldBlock> blocks, string what)
    {
        (_graph, _component, _what) = (graph, component, what);
        _value = ValueOf(component.Source, what);
        (Layer, Start) = _value is null ? (null, 0) : LayerOf(_value);
        _blocks =
        [
            .. blocks.Select(block =>
                block with
                {
                    Elements = Array.ConvertAll(block.Elements, element => element + Start),
                }
            ),
        ];
    }

    /// <summary>The layer whose output the component is, or a part of it; null where it is none's.</summary>
    public LinearLayer? Layer { get; }

    /// <summary>Where in the layer's output the component's tensor begins.</summary>
    public int Start { get; }

    /// <summary>Whether the layers that read the component take the intervention in, not what computes it.</summary>
    public bool IsOfReaders =>
        _component.Source is InputSource
        || (
            Layer is null
            && Sum() is null
            && !(IsShift && NormBias() is not null)
            && Writers(_value!) is null
            && Readers() is { Count: > 0 }
        );

    private bool IsShift => _blocks.All(block => block.Form.IsShift);

    /// <summary>The place of a component in the graph, for what is made of its units.</summary>
    /// <exception cref="InterventionException">No weights can be there.</exception>
    public static FoldPlace Of(FoldGraph graph, Component component, IReadOnlyList<FoldBlock> blocks, string what) =>
        new(graph, component, blocks, what);

    /// <summary>
    /// What can go once the intervention is folded, since no layer reads it any more; null where something reads it.
    /// </summary>
    public RemovalRequest? Removal() =>
        _value is not null
        && _component.Source is not InputSource
        && IsOfReaders
        && Constant() is { Count: > 0 } constant
            ? new RemovalRequest(_value, constant, Readers()!.ToHashSet(), _what)
            : null;

    /// <summary>Takes the intervention into weights and biases; says which.</summary>
    /// <exception cref="InterventionException">That is not exact; the message has the reason.</exception>
    public string Fold() =>
        IsOfReaders ? ChangeReaders()
        : IsShift ? Shift()
        : ChangeWriters();

    // The elements that become constants.
    private HashSet<int> Constant() =>
        [
            .. _blocks
                .Where(block => block.Form.Rank == 0)
                .SelectMany(block => block.Elements.Where((_, index) => block.Form.Scale[index] == 0)),
        ];

    private static Value? ValueOf(ComponentSource source, string what) =>
        source switch
        {
            ResidualPartSource { Node: var skip } => skip.Inputs[FusedOperators.PartIsFirst(skip) ? 0 : 1],
            ResidualSumSource => null,
            BranchSource or OneBranchSource or BodySource or StepsSource or RecurrentSource =>
                throw WeightMatrix.Refusal(what, $"'{source.Description}' is inside a branch or a loop"),
            AttentionProbabilitySource or PackedAttentionSource => throw WeightMatrix.Refusal(
                what,
                $"'{source.Description}' is not a value of the graph"
            ),
            _ => SourcePlaces.Values(source).First(),
        };

    // Some exporters split what one layer computes.
    private (LinearLayer? Layer, int Start) LayerOf(Value value)
    {
        if (_graph.Layers.EndingAt(value) is { } layer)
            return (layer, 0);
        if (
            value.Producer is not { Operator.OperatorType: "Split" } split
            || _graph.Layers.EndingAt(split.Inputs[0]!) is not { } packed
            || split.FindAttribute("axis") is not { Integer: -1 or 2 }
        )
            return (null, 0);
        var widths = split.Outputs.Select(part => part is null ? 0 : _graph.Types.WidthOf(part)).ToList();
        return widths.All(width => width > 0) && widths.Sum() == packed.OutputWidth
            ? (packed, widths.Take(value.OutputIndex).Sum())
            : (null, 0);
    }

    private string Shift()
    {
        if (Sum() is { } skip)
            return _graph.ShiftInput(skip, FoldGraph.SkipBiasInput(skip), Full(_component.FullWidth));
        if (Layer is { } layer)
            return _graph.Shift(layer.Product, Full(layer.OutputWidth));
        var shift = Full(_component.FullWidth);
        if (_value!.Producer is not { } producer)
            throw WeightMatrix.Refusal(_what, $"'{_value.Name}' is an input of the model");
        if (NormBias() is { } input)
            return _graph.ShiftInput(producer, input, shift);
        return Term(producer) is { } term && _graph.BiasOf(term.Product) is not null
            ? _graph.Shift(term.Product, shift)
            : _graph.ShiftAfter(_value, shift);
    }

    private string ChangeWriters()
    {
        if (_value is null || Writers(_value) is not { } writers)
            throw WeightMatrix.Refusal(_what, Reason());
        foreach (var writer in writers)
            ChangeWriter(writer);
        if (_blocks.Any(block => block.Form.Shift.Any(number => number != 0)))
            ShiftWriter(writers[0]);
        return $"in the weights of {string.Join(", ", writers)}";
    }

    private string ChangeReaders()
    {
        if (Readers() is not { Count: > 0 } readers)
            throw WeightMatrix.Refusal(_what, Reason());
        foreach (var reader in readers)
            ChangeReader(reader);
        return $"in the weights of {string.Join(", ", readers)}";
    }

    private string Reason() =>
        Gated() is { } product
            ? $"'{_value!.Name}' is multiplied with another value before a layer reads it, so that only zeros can be "
                + $"folded there. Intervene on what the layer reads, the tensor '{product.Name}'"
        : Rounding() is { } rounding
            ? $"{rounding} rounds '{_value!.Name}' by the range of its own numbers, which the intervention changes, so "
                + "that those that stay would be rounded otherwise; only what is set to zero can go, with --remove"
        : Fed() is { } fed ? $"a part of it is '{fed.Name}', which a run feeds"
        : Sum() is not null || _value?.Producer is { Operator.OperatorType: "Add" }
            ? "what earlier layers wrote to the residual stream is a part of it too. Intervene on everything that is "
                + "written there: block_input of layer 0, attention_output and mlp_output of every layer"
        : $"neither a linear layer alone computes '{_value?.Name}', nor do linear layers alone read it (a norm, or "
            + "another operator, stands between)";

    private Value? Fed() =>
        _value?.Producer is { Operator.OperatorType: "Add" } addition
            ? addition.Inputs.FirstOrDefault(input => input is not null && _graph.Graph.IsInput(input))
            : null;

    private Value? Gated() =>
        _value?.Uses.Select(use => use.Node).FirstOrDefault(node => node.Operator.OperatorType == "Mul")?.Output
            is { } product
        && product.Uses.Any(use => _graph.Layers.TryGet(use.Node, out _))
            ? product
            : null;

    private Node? Rounding() => _value?.Uses.Select(use => use.Node).FirstOrDefault(RoundsByRange);

    private static bool RoundsByRange(Node node) =>
        node.Operator.OperatorType is "DynamicQuantizeLinear" or "DynamicQuantizeMatMul";

    // The sum inside a Skip(Simplified)LayerNormalization, which has a bias of its own.
    private Node? Sum() =>
        _component.Source is ResidualSumSource { Node: var node } ? node
        : _value is not null && FusedOperators.IsResidualSum(_value) ? _value.Producer
        : null;

    // A layer, an embedding's table, or several of these that are added.
    private List<Node>? Writers(Value value)
    {
        if ((value == _value ? Layer : null) is { } layer)
            return [layer.Product];
        var root = Dataflow.Root(value);
        switch (root.Producer)
        {
            case { Operator.OperatorType: "Gather" } gather
                when gather.InputOrNull(0) is { } table
                    && GraphConstants.IsConstant(table)
                    && gather.FindAttribute("axis") is null or { Integer: 0 }:
                return [gather];
            case { Operator.OperatorType: "Add", Inputs: [{ } left, { } right] }
                when Writers(left) is { } first && Writers(right) is { } second:
                return [.. first, .. second];
            default:
                return null;
        }
    }

    private void ChangeWriter(Node writer)
    {
        var matrix = _graph.Matrix(writer, _what);
        for (var row = 0; row < matrix.Rows; row++)
        {
            foreach (var block in _blocks)
                AffineFold.Apply(block.Form, matrix.Row(row), block.Elements);
        }

        if (_graph.VariesBias(writer))
            throw WeightMatrix.Refusal(_what, $"the bias of {writer} is computed, or an input that a run may feed");
        var bias = writer.Operator.OperatorType == "Gather" ? null : _graph.BiasOf(writer);
        if (_component.Source is ResidualPartSource { Node: var skip } && FusedOperators.SkipBias(skip) is not null)
            bias = (skip, FoldGraph.SkipBiasInput(skip));
        if (bias is { } added)
            _graph.Change(
                added.Node,
                added.Input,
                numbers =>
                {
                    foreach (var block in _blocks)
                        AffineFold.Apply(block.Form, numbers, block.Elements);
                }
            );
    }

    private void ShiftWriter(Node writer)
    {
        if (writer.Operator.OperatorType != "Gather")
        {
            _graph.Shift(writer, Full(_graph.Matrix(writer, _what).Columns));
            return;
        }

        var matrix = _graph.Matrix(writer, _what);
        var shift = Full(matrix.Columns);
        for (var index = 0; index < matrix.Numbers.Length; index++)
            matrix.Numbers[index] += shift[index % matrix.Columns];
    }

    private void ChangeReader(Node reader)
    {
        var matrix = _graph.Matrix(reader, _what);
        var shift = new float[matrix.Columns];
        foreach (var block in _blocks)
        {
            var part = AffineFold.Before(block.Form, matrix, block.Elements);
            for (var column = 0; column < shift.Length; column++)
                shift[column] += part[column];
        }

        if (shift.Any(number => number != 0))
            _graph.Shift(reader, shift);
    }

    // Every layer that reads the component; null where something else reads it too.
    private List<Node>? Readers()
    {
        var scales = _blocks.All(block => block.Form.IsScaling);
        var zeroes = scales && _blocks.All(block => block.Form.Scale.All(factor => factor is 0 or 1));
        // Zero is within the range of what is left.
        var stays = zeroes && _graph.Removes;
        var only = (_component.Source as InputSource)?.Readers.ToHashSet();
        var readers = new List<Node>();
        return Collect(_value!, 0) ? readers : null;

        bool Collect(Value value, int depth) =>
            !_graph.Graph.IsOutput(value)
            && depth < Dataflow.LongestChain
            && value
                .Uses.Where(use => depth > 0 || only is null || only.Contains(use.Node))
                .All(use => IsReader(use, depth));

        bool IsReader(Use use, int depth)
        {
            switch (use.Node.Operator.OperatorType)
            {
                case "Shape":
                    return true;
                case "Reshape" or "Identity" when use.InputIndex == 0:
                // Rounding keeps zero.
                case "QuantizeLinear" or "DequantizeLinear" when zeroes && use.InputIndex == 0:
                case "DynamicQuantizeLinear" when stays:
                case "Mul" when scales && use.Node.Inputs[0] != use.Node.Inputs[1]:
                    return Collect(use.Node.Outputs[0]!, depth + 1);
                default:
                    if (use.InputIndex != 0 || !_graph.Layers.TryGet(use.Node, out _))
                        return false;
                    if (RoundsByRange(use.Node) && !stays)
                        return false;
                    readers.Add(use.Node);
                    return true;
            }
        }
    }

    // The last layer that is added to the stream, where nothing else reads what it computes.
    private LinearLayer? Term(Node addition) =>
        addition.Operator.OperatorType != "Add"
            ? null
            : addition
                .Inputs.Where(input => input is not null && LinearLayers.OnlyUse(input)?.Node == addition)
                .Select(input => _graph.Layers.EndingAt(input!))
                .OfType<LinearLayer>()
                .LastOrDefault(layer => layer.OutputWidth == _component.FullWidth);

    private int? NormBias() =>
        _value?.Producer is { } producer && producer.OutputOrNull(0) == _value
            ? producer.Operator.OperatorType switch
            {
                "LayerNormalization" => 2,
                "SkipLayerNormalization" => 3,
                _ => null,
            }
            : null;

    private float[] Full(int width)
    {
        var full = new float[width];
        foreach (var block in _blocks)
        {
            for (var index = 0; index < block.Elements.Length; index++)
                full[block.Elements[index]] = block.Form.Shift[index];
        }

        return full;
    }
}
