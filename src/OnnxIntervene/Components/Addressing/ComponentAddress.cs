using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// Names a part of a model whoever exported it: a layer, counted from 0, and a component such as <c>block_output</c>.
/// </summary>
/// <param name="Layer">The layer; 0 for a raw tensor.</param>
/// <param name="Name">The component, or the name of any tensor of the file.</param>
public readonly record struct ComponentAddress(int Layer, string Name)
{
    /// <summary>
    /// The stack of layers, where a file holds several beside each other, such as <c>encoder</c>; null for the model's
    /// own.
    /// </summary>
    public string? Stack { get; init; }

    /// <summary>The component's name with its stack before it, such as <c>encoder.block_output</c>.</summary>
    public string FullName => Stack is null ? Name : $"{Stack}.{Name}";

    /// <summary>
    /// Reads a component's name that may have its stack before it, and its layer between them:
    /// <c>encoder.block_output</c>, <c>encoder.3.block_output</c>. Any other name is taken as it is.
    /// </summary>
    /// <param name="layer">The layer, where the name has none.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="InterventionException">The name has another layer, and neither is the first.</exception>
    public static ComponentAddress Parse(int layer, string name)
    {
        if (Parts(name) is not var (stack, own, component))
            return new ComponentAddress(layer, name);
        return own is null || layer == 0 || layer == own
            ? new ComponentAddress(own ?? layer, component) { Stack = stack }
            : throw new InterventionException(
                $"'{name}' is in layer {own}, but layer {layer} is asked for. State the layer once."
            );
    }

    /// <summary>The layer in a name such as <c>encoder.3.block_output</c>; null where it has none.</summary>
    public static int? LayerIn(string name) => Parts(name)?.Layer;

    private static (string Stack, int? Layer, string Component)? Parts(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var parts = name.Split('.');
        if (parts.Length is not (2 or 3) || parts[0].Length == 0 || !ComponentNames.IsKnown(parts[^1]))
            return null;
        if (parts.Length == 2)
            return (parts[0], null, parts[1]);
        return int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
            ? (parts[0], layer, parts[2])
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} of layer {Layer}{(Stack is null ? "" : $" of {Stack}")}";
}
