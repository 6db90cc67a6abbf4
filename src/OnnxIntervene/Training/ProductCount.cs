using OnnxIntervene.Gradients;
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
    /// <param name="weights">Inputs that hold weights; null for none.</param>
    public static double Of(Model model, int length, string? chosen, IReadOnlySet<string>? weights = null)
    {
        var (products, few) = (Products(model), Few(model, chosen, weights));
        return products
            .SelectMany(node => Constants(node, weights))
            .Sum(constant => (double)CountOf(constant) * (few.Contains(constant) ? 1 : length));
    }

    /// <summary>
    /// The same of a graph that goes back to weights: the gradient of each takes as many as its product.
    /// </summary>
    public static double OfWeights(Model model, int length, string? chosen, IReadOnlySet<string> weights)
    {
        var (forward, few) = (Cone.Before([model.Graph.Outputs[0]]).Nodes, Few(model, chosen, weights));
        return Of(model, length, chosen, weights)
            + Products(model)
                .Where(forward.Contains)
                .SelectMany(node => Constants(node, weights))
                .Where(constant => weights.Contains(constant.Name))
                .Sum(constant => (double)CountOf(constant) * (few.Contains(constant) ? 1 : length));
    }

    // What is multiplied with at chosen positions on the way forward is on the way back, too.
    private static HashSet<Value> Few(Model model, string? chosen, IReadOnlySet<string>? weights)
    {
        var after = Cone.After(model.Graph, model.Graph.Inputs.Where(input => input.Name == chosen)).Nodes;
        var forward = Cone.Before([model.Graph.Outputs[0]]).Nodes;
        return
        [
            .. Products(model)
                .Where(node => after.Contains(node) && forward.Contains(node))
                .SelectMany(node => Constants(node, weights)),
        ];
    }

    private static IEnumerable<Node> Products(Model model) =>
        model.Graph.Nodes.Where(node => s_products.Contains(node.Operator.Name));

    /// <summary>The same of a step's run in two parts.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="length">Positions of an example.</param>
    /// <param name="isRead">Whether it runs forward to be read before it runs forward and back.</param>
    public static double OfStep(FrozenPart parts, int length, bool isRead) =>
        Of(parts.Rest.Model, length, parts.Rest.PositionsInput)
        + (isRead ? Of(parts.Evaluation.Model, length, null) : 0);

    // The way back multiplies with the transposed weight.
    private static IEnumerable<Value> Constants(Node node, IReadOnlySet<string>? weights) =>
        node
            .Inputs.OfType<Value>()
            .Select(input => input.Producer is { Operator.Name: "Transpose" } turned ? turned.Inputs[0] : input)
            .OfType<Value>()
            .Where(input => input.Initializer is not null || weights?.Contains(input.Name) is true);

    private static long CountOf(Value weight) =>
        weight.Initializer?.Count
        ?? weight.Type!.Shape!.Dimensions.Aggregate(1L, (product, size) => product * size.Size!.Value);
}
