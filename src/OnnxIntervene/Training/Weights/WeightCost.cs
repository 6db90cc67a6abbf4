using OnnxIntervene.Gradients;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Training.Weights;

/// <summary>What a step of a training of weights computes.</summary>
/// <param name="FrozenNodes">Nodes that no trained weight changes, of sources that are read and then gone back.</param>
/// <param name="Nodes">All other nodes, those that are computed a second time counted twice.</param>
/// <param name="Products">Multiplications of an example with weights, and by which their gradients are made.</param>
internal readonly record struct WeightCost(int FrozenNodes, int Nodes, double Products)
{
    /// <summary>The cost of a source: what it reads forward, and forward again and back.</summary>
    /// <param name="parts">The run.</param>
    /// <param name="inputs">What is run.</param>
    /// <param name="weights">The inputs that hold trained weights.</param>
    public static WeightCost Of(FrozenPart parts, ModelInputs inputs, IReadOnlySet<string> weights) =>
        new(
            parts.Names.IsEmpty ? 0 : parts.Frozen.Model.Graph.Nodes.Count(),
            parts.Evaluation.Model.Graph.Nodes.Count() + parts.Rest.Model.Graph.Nodes.Count(),
            (parts.Names.IsEmpty ? 0 : ProductCount.Of(parts.Frozen.Model, inputs.Length, null, weights))
                + ProductCount.Of(parts.Evaluation.Model, inputs.Length, null, weights)
                + ProductCount.OfWeights(parts.Rest.Model, inputs.Length, null, weights)
        );

    /// <summary>Both together.</summary>
    public WeightCost Plus(WeightCost other) =>
        new(FrozenNodes + other.FrozenNodes, Nodes + other.Nodes, Products + other.Products);
}
