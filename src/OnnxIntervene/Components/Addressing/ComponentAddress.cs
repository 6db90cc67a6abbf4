namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// Names a part of a model whoever exported it: a layer, counted from 0, and a component such as <c>block_output</c>.
/// </summary>
/// <param name="Layer">The layer; 0 for a raw tensor.</param>
/// <param name="Name">The component, or the name of any tensor of the file.</param>
public readonly record struct ComponentAddress(int Layer, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} of layer {Layer}";
}
