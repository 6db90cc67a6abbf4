namespace OnnxIntervene.Studies.Tracing;

/// <summary>What causal tracing restores: a component, in a window of layers around each layer.</summary>
/// <param name="Component">The component.</param>
/// <param name="Window">How many layers are restored together; 1 for the layer alone.</param>
public sealed record TraceTarget(string Component, int Window)
{
    /// <summary>
    /// The layers that are restored for a layer: as Meng et al.'s code counts them (github.com/kmeng01/rome,
    /// causal_trace.py).
    /// </summary>
    public IEnumerable<int> LayersAround(int layer, int layerCount)
    {
        var first = Math.Max(0, layer - (Window / 2));
        var end = Math.Min(layerCount, layer + ((Window + 1) / 2));
        return Enumerable.Range(first, end - first);
    }
}
