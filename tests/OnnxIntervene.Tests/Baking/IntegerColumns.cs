using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Products of integers whose columns have scales and zero points of their own, as ONNX allows them.</summary>
internal static class IntegerColumns
{
    private const int Different = 3;

    /// <summary>
    /// Gives every MatMulInteger other columns: shifted with the zero points, scaled, and with a bit left free, since
    /// processors that have no other way add products of full range in 16 bits.
    /// </summary>
    public static void Differ(Model model)
    {
        var names = NameScope.Of(model);
        foreach (var node in model.Graph.Nodes.Where(node => node.Operator.Name == "MatMulInteger").ToList())
        {
            var data = node.Inputs[1]!.Initializer!;
            var columns = (int)data.Dimensions[1];
            var shifted = data.ReadBytes()
                .ToArray()
                .Select((level, index) => (byte)(((sbyte)level / 2) + (index % columns % Different) - 1));
            node.SetInput(
                1,
                Add("levels", TensorData.FromBytes(ElementType.Int8, data.Dimensions.AsSpan(), shifted.ToArray()))
            );
            var zeros = Enumerable.Range(0, columns).Select(column => (byte)((column % Different) - 1)).ToArray();
            node.AddInput(Add("zeros", TensorData.FromBytes(ElementType.Int8, [columns], zeros)));
            var scales = ScalesAfter(node);
            var scale = scales.Inputs[1]!.Initializer!.ReadFloats()[0];
            float[] each =
            [
                .. Enumerable.Range(0, columns).Select(column => scale * (2 + (0.2f * (column % Different)))),
            ];
            scales.SetInput(1, Add("scales", TensorData.FromFloats([columns], each)));
        }

        Value Add(string name, TensorData data) => model.Graph.AddInitializer(names.Unique($"n/{name}"), data);
    }

    // Cast, then a product with the product of both scales.
    private static Node ScalesAfter(Node product) =>
        product.Output.Uses.Single().Node.Output.Uses.Single().Node.Inputs[1]!.Producer!;
}
