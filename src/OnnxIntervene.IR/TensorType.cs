namespace OnnxIntervene.IR;

/// <summary>The element type of a tensor and, when its rank is known, its shape.</summary>
/// <param name="ElementType">The type of the elements.</param>
/// <param name="Shape">The dimensions; null when even the rank is unknown.</param>
public sealed record TensorType(ElementType ElementType, Shape? Shape)
{
    /// <inheritdoc/>
    public override string ToString() => $"{ElementType}{Shape?.ToString() ?? "[…]"}";
}
