using System.Collections.Immutable;
using OnnxIntervene.Baking.Weights;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking;

/// <summary>The copy of a model whose weights and biases take interventions in.</summary>
internal sealed class FoldGraph(Model model, BakeRequest request)
{
    private readonly Dictionary<Node, WeightMatrix> _matrices = [];
    private readonly NameScope _names = NameScope.Of(model);

    /// <summary>The graph.</summary>
    public Graph Graph => model.Graph;

    /// <summary>The types of its values.</summary>
    public TypeInference Types { get; } = new();

    /// <summary>Its linear layers.</summary>
    public LinearLayers Layers => field ??= new LinearLayers(model.Graph, Types);

    /// <summary>A node's matrix, to be changed; several interventions change the same.</summary>
    /// <exception cref="InterventionException">It cannot be changed exactly.</exception>
    public WeightMatrix Matrix(Node node, string what)
    {
        if (!_matrices.TryGetValue(node, out var matrix))
            _matrices.Add(node, matrix = WeightMatrix.Read(node, request.CopiesShared, what));
        return matrix;
    }

    /// <summary>Gives every node its changed matrix; says which were rounded.</summary>
    /// <exception cref="InterventionException">
    /// Quantised weights cannot hold theirs exactly, and may not be rounded.
    /// </exception>
    public ImmutableArray<WeightRounding> Write() =>
        [.. _matrices.Values.Select(matrix => matrix.Write(_names, request.Requantises)).OfType<WeightRounding>()];

    /// <summary>Whether what is folded away is removed.</summary>
    public bool Removes => request.Removes;

    /// <summary>
    /// The constant bias that is a part of a layer: the node that adds it and its input; null where it has none, or one
    /// that a run may feed.
    /// </summary>
    public (Node Node, int Input)? BiasOf(Node product)
    {
        if (ProductBias.InputOf(product) is { } own && product.InputOrNull(own) is not null)
            return VectorOf(product, own) is null ? null : (product, own);
        var scaled = IntegerProducts.IsUnscaled(product) ? OutputOf(product) : product.Output;
        for (var value = product.Output; LinearLayers.OnlyUse(value) is { } use; value = use.Node.Output)
        {
            switch (use.Node.Operator.OperatorType)
            {
                case "Add" when VectorOf(use.Node, 1 - use.InputIndex) is { Dimensions.Length: 1 }:
                    return (use.Node, 1 - use.InputIndex);
                case "Reshape" or "Identity" when use.InputIndex == 0:
                case "Cast" or "Mul" when value != scaled:
                    continue;
                default:
                    return null;
            }
        }

        return null;
    }

    /// <summary>Whether a layer has a bias that the file does not hold as it is, or that a run may feed.</summary>
    public bool VariesBias(Node product) =>
        ProductBias.InputOf(product) is { } own && product.InputOrNull(own) is not null
            ? VectorOf(product, own) is null
            : BiasOf(product) is null && AddsWithin(product);

    private bool AddsWithin(Node product)
    {
        var (value, output) = (product.Output, OutputOf(product));
        while (value != output && LinearLayers.OnlyUse(value) is { Node: var node })
        {
            if (node.Operator.OperatorType == "Add")
                return true;
            value = node.Output;
        }

        return false;
    }

    /// <summary>Changes a constant vector that a node reads, for this node alone.</summary>
    /// <exception cref="InterventionException">The vector is computed.</exception>
    public void Change(Node node, int input, Action<float[]> change)
    {
        var data =
            VectorOf(node, input)
            ?? throw new InterventionException(
                $"'{node.Inputs[input]?.Name}' of {node} is computed, or a run may feed it, so that nothing can be "
                    + "folded into it; splice the intervention instead."
            );
        var numbers = data.ReadFloats();
        change(numbers);
        Set(node, input, numbers, data.ElementType);
    }

    /// <summary>Adds a constant to what a layer computes; says how.</summary>
    public string Shift(Node product, float[] shift)
    {
        if (BiasOf(product) is { } bias)
            return ShiftInput(bias.Node, bias.Input, shift);
        if (ProductBias.InputOf(product) is { } own)
            return ShiftInput(product, own, shift);
        var output = OutputOf(product);
        return
            LinearLayers.OnlyUse(output) is { Node: var reader, InputIndex: 0 or 1 }
            && FusedOperators.IsSkipNormalization(reader)
            ? ShiftInput(reader, SkipBiasInput(reader), shift)
            : ShiftAfter(output, shift);
    }

    /// <summary>Adds a constant to a vector that a node reads, or gives it one where it reads none.</summary>
    public string ShiftInput(Node node, int input, float[] shift)
    {
        if (node.InputOrNull(input) is not { } old)
        {
            Set(node, input, shift, Precision(node));
            return $"as a bias of {node}";
        }

        if (VectorOf(node, input) is null)
        {
            node.SetInput(input, Sum(node.Graph!, old, shift).Output);
            return $"by a new Add before {node}, whose bias is computed or fed";
        }

        Change(node, input, numbers => Add(numbers, shift));
        return $"added to '{old.Name}' of {node}";
    }

    /// <summary>Adds a constant by a node of its own, where no vector is there to take it.</summary>
    public string ShiftAfter(Value value, float[] shift)
    {
        var graph = value.Producer!.Graph!;
        var node = Sum(graph, value, shift);
        node.Output.Type = value.Type;
        graph.Redirect(value, node.Output, _names, node);
        return $"by a new Add after '{value.Name}', since no bias is there";
    }

    /// <summary>The input of a Skip(Simplified)LayerNormalization that is added to both terms.</summary>
    public static int SkipBiasInput(Node skip) => FusedOperators.IsSimplified(skip) ? 3 : 4;

    // Exporters keep equal vectors once and give each reader an Identity of it.
    private static TensorData? VectorOf(Node node, int input)
    {
        var value = node.InputOrNull(input);
        while (value is { Initializer: null, Producer: { Operator.OperatorType: "Identity" } identity })
            value = identity.InputOrNull(0);
        return value is null || node.Graph!.IsInput(value) ? null : value.Initializer;
    }

    // A product of integers is one of floats only once it is scaled.
    private Value OutputOf(Node product) => Layers.TryGet(product, out var layer) ? layer.Output : product.Output;

    private Node Sum(Graph graph, Value value, float[] shift)
    {
        var constant = graph.AddInitializer(
            _names.Unique($"{value.Name}/bias"),
            TensorData.Rounded(Rewriting.Precision.Of(value), [shift.Length], shift)
        );
        return graph.AddNode(
            _names.Unique($"{value.Name}/Add"),
            new OperatorKey("", "Add"),
            [value, constant],
            [_names.Unique($"{value.Name}/biased")],
            [],
            value.Producer
        );
    }

    private void Set(Node node, int input, float[] numbers, ElementType type)
    {
        while (node.Inputs.Count <= input)
            node.AddInput(null);
        node.SetInput(
            input,
            node.Graph!.AddInitializer(
                _names.Unique($"{node.Name}/bias"),
                TensorData.Rounded(type, [numbers.Length], numbers)
            )
        );
    }

    // Products of integers read no floats.
    private static ElementType Precision(Node node) =>
        Rewriting.Precision.Of(node.Inputs[0]!) is var type && type.IsFloat()
            ? type
            : Rewriting.Precision.Of(node.Outputs[0]!);

    private static void Add(float[] numbers, float[] shift)
    {
        for (var index = 0; index < numbers.Length; index++)
            numbers[index] += shift[index];
    }
}
