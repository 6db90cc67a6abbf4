using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Training;

/// <summary>How many multiplications with weights an example costs.</summary>
internal static class ProductCount
{
    private static readonly string[] s_products = ["MatMul", "Gemm", "MatMulNBits", "FusedMatMul", "Conv"];

    /// <summary>
    /// The sum over products with a constant of its size, times the positions of the example that it is multiplied
    /// with.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="length">Positions of an example.</param>
    /// <param name="chosen">The input that chooses positions, of which the loss reads one; null for none.</param>
    public static double Of(Model model, int length, string? chosen)
    {
        var after = Cone.After(model.Graph, model.Graph.Inputs.Where(input => input.Name == chosen)).Nodes;
        var forward = Cone.Before([model.Graph.Outputs[0]]).Nodes;
        var products = model.Graph.Nodes.Where(node => s_products.Contains(node.Operator.Name)).ToList();
        // What is multiplied with at chosen positions on the way forward is on the way back, too.
        var few = products
            .Where(node => after.Contains(node) && forward.Contains(node))
            .SelectMany(Constants)
            .ToHashSet();
        return products
            .SelectMany(Constants)
            .Sum(constant => (double)constant.Initializer!.Count * (few.Contains(constant) ? 1 : length));
    }

    // The way back multiplies with the transposed weight.
    private static IEnumerable<Value> Constants(Node node) =>
        node
            .Inputs.OfType<Value>()
            .Select(input => input.Producer is { Operator.Name: "Transpose" } turned ? turned.Inputs[0] : input)
            .OfType<Value>()
            .Where(input => input.Initializer is not null);
}
