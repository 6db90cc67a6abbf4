namespace OnnxIntervene.Components.Configuration;

/// <summary>A number that a configuration beside a model states.</summary>
/// <param name="Quantity">What it counts.</param>
/// <param name="Stack">Which layers it is about.</param>
/// <param name="Number">The number.</param>
/// <param name="File">The configuration's file name.</param>
/// <param name="Key">Its key.</param>
public sealed record ConfiguredNumber(
    ConfiguredQuantity Quantity,
    ConfiguredStack Stack,
    int Number,
    string File,
    string Key
)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File} says {Key} = {Number}";
}
