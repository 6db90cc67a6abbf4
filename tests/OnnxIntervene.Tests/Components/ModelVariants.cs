using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// Ways to write the same computation, as other exporters and optimizers do. Each rewrites a model in place.
/// </summary>
internal static class ModelVariants
{
    /// <summary>The ways by name.</summary>
    public static ImmutableSortedDictionary<string, Action<Model>> All { get; } =
        new Dictionary<string, Action<Model>>
        {
            ["identities"] = model => AddBehind(model, Product, "Identity"),
            ["dropouts"] = model =>
                AddBehind(model, node => Product(node) || node.Operator.OperatorType == "Softmax", "Dropout"),
            ["casts"] = model =>
                AddBehind(
                    model,
                    node => Is(node, "Softmax", "Add"),
                    "Cast",
                    NodeAttribute.Of("to", (long)ElementType.Float32)
                ),
            ["swapped operands"] = SwapOperands,
            ["no types"] = DropTypes,
            ["products and sums in place of Gemm"] = GemmToMatMul,
            ["Gemm in place of products and sums"] = MatMulToGemm,
            ["reshapes twice"] = model => ReshapeTwice(model),
            ["transposed weights"] = TransposeWeights,
            ["computed weights"] = ComputedWeights.Compute,
            ["Einsum scores"] = EinsumScores,
            ["fused products"] = FuseProducts,
            ["packed projections split"] = PackedVariants.Unpack,
            ["projections packed"] = PackedVariants.Pack,
            ["scaled sub-layers"] = ScaleSubLayers,
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    internal static OpBuilder Builder(Model model, Graph graph) =>
        new(graph, NameScope.Of(model), model.OperatorSetVersion, "variant");

    internal static bool IsLinear(Node node) =>
        node.Operator is ("", "MatMul") && node.Inputs[1] is { Initializer.Dimensions.Length: 2 };

    private static bool Product(Node node) => Is(node, "MatMul", "Gemm");

    private static bool Is(Node node, params ReadOnlySpan<string> types) =>
        node.Operator.Domain.Length == 0 && types.Contains(node.Operator.OperatorType);

    private static bool IsFloat(Value? value) =>
        value is not null
        && value.Type?.ElementType is not (ElementType.Int64 or ElementType.Int32 or ElementType.Bool);

    private static void AddBehind(
        Model model,
        Func<Node, bool> chosen,
        string operatorType,
        params NodeAttribute[] attributes
    )
    {
        foreach (var node in model.Graph.AllNodes().Where(chosen).Where(node => IsFloatArithmetic(node)).ToList())
        {
            var ops = Builder(model, node.Graph!);
            var passed = ops.Emit(operatorType, [node.Output], attributes);
            node.Graph!.Redirect(node.Output, passed, ops.Names, passed.Producer!);
        }
    }

    // Additions of positions and sizes are left as they are.
    private static bool IsFloatArithmetic(Node node) =>
        new TypeInference().ElementTypeOf(node.Inputs[0]!).IsFloat() && node.Inputs.All(IsFloat);

    private static void SwapOperands(Model model)
    {
        foreach (var node in model.Graph.AllNodes().Where(node => Is(node, "Add", "Mul")))
        {
            var (left, right) = (node.Inputs[0], node.Inputs[1]);
            node.SetInput(0, right);
            node.SetInput(1, left);
        }
    }

    private static void DropTypes(Model model)
    {
        foreach (var value in model.Graph.AllNodes().SelectMany(node => node.Outputs).OfType<Value>())
        {
            if (!model.Graph.Outputs.Contains(value))
                value.Type = null;
        }
    }

    private static void GemmToMatMul(Model model)
    {
        foreach (var node in model.Graph.AllNodes().Where(node => Is(node, "Gemm")).ToList())
        {
            var ops = Builder(model, node.Graph!);
            var weight = node.FindAttribute("transB") is { Integer: 1 }
                ? ops.Transpose(node.Inputs[1]!, 1, 0)
                : node.Inputs[1]!;
            var product = ops.Emit("MatMul", [node.Inputs[0], weight]);
            Replace(node, node.InputOrNull(2) is { } bias ? ops.Add(product, bias) : product, ops);
        }
    }

    private static void MatMulToGemm(Model model)
    {
        foreach (var node in model.Graph.AllNodes().Where(IsLinear).ToList())
        {
            if (
                node.Output.Uses is not [{ Node: var sum }]
                || !Is(sum, "Add")
                || sum.Inputs.FirstOrDefault(input => input != node.Output) is not { Initializer: not null } bias
            )
                continue;
            var ops = Builder(model, node.Graph!);
            var (rows, columns) = (
                node.Inputs[1]!.Initializer!.Dimensions[0],
                node.Inputs[1]!.Initializer!.Dimensions[1]
            );
            var flat = ops.Reshape(node.Inputs[0]!, -1, rows);
            var product = ops.Emit("Gemm", [flat, node.Inputs[1], bias]);
            var sizes = ops.Concat(0, ops.Slice(ops.ShapeOf(node.Inputs[0]!), 0, 0, -1), ops.Constant(columns));
            Replace(sum, ops.Reshape(product, sizes), ops);
        }
    }

    private static void ReshapeTwice(Model model)
    {
        foreach (
            var node in model.Graph.AllNodes().Where(node => Is(node, "Reshape") && IsFloatArithmetic(node)).ToList()
        )
        {
            var ops = Builder(model, node.Graph!);
            node.SetInput(0, ops.Reshape(node.Inputs[0]!, ops.ShapeOf(node.Inputs[0]!)));
        }
    }

    private static void TransposeWeights(Model model)
    {
        foreach (var node in model.Graph.AllNodes().Where(IsLinear).ToList())
        {
            var ops = Builder(model, node.Graph!);
            var data = node.Inputs[1]!.Initializer!;
            var (rows, columns, values) = ((int)data.Dimensions[0], (int)data.Dimensions[1], data.ReadFloats());
            var turned = new float[values.Length];
            for (var index = 0; index < values.Length; index++)
                turned[(index % columns * rows) + (index / columns)] = values[index];
            var weight = ops.Graph.AddInitializer(
                ops.Names.Unique("variant/weight"),
                TensorData.FromFloats([columns, rows], turned)
            );
            node.SetInput(1, ops.Transpose(weight, 1, 0));
        }
    }

    private static void EinsumScores(Model model)
    {
        foreach (
            var node in model
                .Graph.AllNodes()
                .Where(node => Is(node, "MatMul") && node.Inputs.All(input => !GraphConstants.IsConstant(input!)))
                .ToList()
        )
        {
            if (new TypeInference().RankOf(node.Output) != 4)
                continue;
            var ops = Builder(model, node.Graph!);
            var isScores =
                node.Inputs[1]!.Producer is { Operator.OperatorType: "Transpose" } turned
                && turned.FindAttribute("perm")?.Integers is [0, 1, 3, 2];
            var equation = isScores ? "bhqd,bhkd->bhqk" : "bhqk,bhkd->bhqd";
            var right = isScores ? node.Inputs[1]!.Producer!.Inputs[0] : node.Inputs[1];
            Replace(node, ops.Emit("Einsum", [node.Inputs[0], right], [NodeAttribute.Of("equation", equation)]), ops);
        }
    }

    private static void FuseProducts(Model model)
    {
        model.OperatorSets = model.OperatorSets.SetItem(OperatorKey.Microsoft, 1);
        foreach (var node in model.Graph.AllNodes().Where(node => Is(node, "MatMul")).ToList())
        {
            var ops = Builder(model, node.Graph!);
            Replace(
                node,
                ops.Emit(
                    "FusedMatMul",
                    [node.Inputs[0], node.Inputs[1]],
                    [NodeAttribute.Of("alpha", 1f)],
                    OperatorKey.Microsoft
                ),
                ops
            );
        }
    }

    // As Granite and Cohere do: what a sub-layer gives is scaled before it is added. The scale is 1, so that the
    // numbers stay.
    private static void ScaleSubLayers(Model model)
    {
        foreach (var node in model.Graph.AllNodes().Where(node => Is(node, "Add") && IsFloatArithmetic(node)).ToList())
        {
            var ops = Builder(model, node.Graph!);
            var part = Enumerable
                .Range(0, 2)
                .FirstOrDefault(
                    index =>
                        IsSubLayersOutput(node.Inputs[index]!) && !GraphConstants.IsConstant(node.Inputs[1 - index]!),
                    -1
                );
            if (part < 0)
                continue;
            var one = ops.Graph.AddInitializer(ops.Names.Unique("variant/one"), TensorData.FromFloats([], [1f]));
            node.SetInput(part, ops.Mul(node.Inputs[part]!, one));
        }
    }

    private static bool IsSubLayersOutput(Value value) =>
        value.Producer is { } producer
        && (
            IsLinear(producer)
            || Is(producer, "Gemm")
            || (
                Is(producer, "Add")
                && producer.Inputs.Any(input => GraphConstants.IsConstant(input!))
                && producer.Inputs.Any(input => input!.Producer is { } inner && IsLinear(inner))
            )
            || (Is(producer, "Reshape") && producer.Inputs[0]!.Producer is { } flat && Is(flat, "Gemm"))
        );

    internal static void Replace(Node node, Value replacement, OpBuilder ops)
    {
        var inputs = node.Inputs.OfType<Value>().ToList();
        replacement.Type ??= node.Output.Type;
        node.Graph!.Redirect(node.Output, replacement, ops.Names);
        node.Graph!.Remove(node);
        foreach (var producer in inputs.Select(input => input.Producer).OfType<Node>().Where(IsUnread).ToList())
            producer.Graph!.Remove(producer);
    }

    private static bool IsUnread(Node node) =>
        node.Graph is { } graph
        && node.Outputs.OfType<Value>().All(output => output.Uses.Count == 0 && !graph.Outputs.Contains(output));
}
