using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Matrices and biases that the graph computes from constants, in many ways; the numbers stay.</summary>
internal static class ComputedWeights
{
    // Each takes a matrix and computes an equal one.
    private static readonly Func<OpBuilder, Value, TensorData, Value>[] s_ways =
    [
        (ops, matrix, _) => ops.Mul(matrix, Number(ops, 1)),
        (ops, matrix, data) => ops.Add(matrix, LowRank(ops, data)),
        (ops, matrix, _) => ops.Emit("Sub", [matrix, Number(ops, 0)]),
        (ops, matrix, _) => ops.Emit("Div", [ops.Mul(matrix, Number(ops, 2)), Number(ops, 2)]),
        (ops, matrix, data) =>
            ops.Concat(0, ops.Slice(matrix, 0, 0, 1), ops.Slice(matrix, 0, 1, (int)data.Dimensions[0])),
        (ops, matrix, data) => ops.Slice(ops.Concat(1, matrix, matrix), 1, 0, (int)data.Dimensions[1]),
        (ops, matrix, data) =>
            ops.Gather(
                matrix,
                ops.Constant([.. Enumerable.Range(0, (int)data.Dimensions[0]).Select(row => (long)row)]),
                0
            ),
        (ops, matrix, _) => ops.Transpose(ops.Mul(ops.Transpose(matrix, 1, 0), Number(ops, 1)), 1, 0),
        (ops, matrix, data) => ops.Reshape(ops.Mul(ops.Reshape(matrix, -1), Number(ops, 1)), [.. data.Dimensions]),
        (ops, matrix, _) =>
            ops.Emit(
                "Cast",
                [ops.Emit("Cast", [matrix], [NodeAttribute.Of("to", (long)ElementType.Float64)])],
                [NodeAttribute.Of("to", (long)ElementType.Float32)]
            ),
        (ops, matrix, data) =>
            ops.Emit("Einsum", [matrix, Ones(ops, data)], [NodeAttribute.Of("equation", "ij,j->ij")]),
        (ops, matrix, _) => ops.Emit("Where", [ops.Emit("Equal", [matrix, matrix]), matrix, Number(ops, 7)]),
    ];

    /// <summary>Makes every linear layer of a model read a computed matrix, each in the next way.</summary>
    public static void Compute(Model model)
    {
        var way = 0;
        foreach (var node in model.Graph.AllNodes().Where(ModelVariants.IsLinear).ToList())
        {
            var data = node.Inputs[1]!.Initializer!;
            var ops = ModelVariants.Builder(model, node.Graph!);
            node.SetInput(1, s_ways[way++ % s_ways.Length](ops, node.Inputs[1]!, data));
            foreach (var sum in node.Output.Uses.Select(use => use.Node).Where(IsBias).ToList())
            {
                var bias = sum.Inputs[0] == node.Output ? 1 : 0;
                sum.SetInput(bias, ops.Mul(sum.Inputs[bias]!, Number(ops, 1)));
            }
        }

        foreach (var graph in model.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(model.Graph).ToList())
            GraphOrder.Sort(graph);
    }

    private static bool IsBias(Node node) =>
        node.Operator is ("", "Add") && node.Inputs.Any(input => input!.Initializer is { Dimensions.Length: 1 });

    // An update of rank 1 that is merged when the model runs.
    private static Value LowRank(OpBuilder ops, TensorData data) =>
        ops.Mul(
            ops.Emit("MatMul", [Zeros(ops, data.Dimensions[0], 1), Zeros(ops, 1, data.Dimensions[1])]),
            Number(ops, 0.5f)
        );

    private static Value Ones(OpBuilder ops, TensorData data) =>
        Constant(ops, TensorData.FromFloats([data.Dimensions[1]], [.. Enumerable.Repeat(1f, (int)data.Dimensions[1])]));

    private static Value Zeros(OpBuilder ops, long rows, long columns) =>
        Constant(ops, TensorData.FromFloats([rows, columns], new float[rows * columns]));

    private static Value Number(OpBuilder ops, float number) => Constant(ops, TensorData.FromFloats([], [number]));

    private static Value Constant(OpBuilder ops, TensorData data) =>
        ops.Graph.AddInitializer(ops.Names.Unique("variant/constant"), data);
}
