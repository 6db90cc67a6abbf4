using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>A loss and its gradients.</summary>
/// <param name="Loss">The number.</param>
/// <param name="Components">
/// d loss / d component, in the component's shape: <c>[batch, position, width]</c>, <c>[batch, head, position,
/// width]</c>, or for <c>attention_weight</c> <c>[batch, head, query, key]</c>.
/// </param>
/// <param name="Weights">d loss / d weight by name, in the weight's shape.</param>
public sealed record GradientResult(
    float Loss,
    ImmutableDictionary<ComponentAddress, NumericArray> Components,
    ImmutableDictionary<string, NumericArray> Weights
)
{
    /// <summary>
    /// The values of the components that were to be read, <c>[batch, position, width]</c>, <c>[batch, position, head,
    /// width]</c> or <c>[batch, head, query, key]</c>.
    /// </summary>
    internal ImmutableDictionary<ComponentAddress, NumericArray> Values { get; init; } =
        ImmutableDictionary<ComponentAddress, NumericArray>.Empty;

    /// <summary>The gradient by one component.</summary>
    /// <exception cref="KeyNotFoundException">The component was not asked for.</exception>
    public NumericArray Of(int layer, string component) => Components[new ComponentAddress(layer, component)];
}
