using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Lens;

/// <summary>The residual stream before the first layer and after each.</summary>
internal static class LensStreams
{
    /// <summary>
    /// The streams that are as wide as the last; the one before the first layer is left out where it is not (a model
    /// with a projection after its embedding).
    /// </summary>
    /// <exception cref="InterventionException">The model has no layers, or a layer's output is not found.</exception>
    public static ImmutableArray<ComponentAddress> Of(ComponentMap components)
    {
        if (components.LayerCount == 0)
            throw new InterventionException(
                "No layers were found in the model, so there is no stream to read. See: onnx-intervene inspect "
                    + "--structure."
            );
        var last = components.Get(Last(components));
        var first = StreamPoints.AddressOf(0);
        var hasFirst = components.Components.Any(item => item.Address == first && item.FullWidth == last.FullWidth);
        var streams = Enumerable.Range(hasFirst ? 0 : 1, components.LayerCount + (hasFirst ? 1 : 0));
        foreach (var point in streams)
        {
            if (components.Get(StreamPoints.AddressOf(point)) is { Axes: not 3 } odd)
                throw new InterventionException($"{odd} is not [batch, position, width].");
        }

        return [.. streams.Select(StreamPoints.AddressOf)];
    }

    /// <summary>The stream after the last layer.</summary>
    public static ComponentAddress Last(ComponentMap components) => StreamPoints.AddressOf(components.LayerCount);

    /// <summary>What a stream is called on an axis: its layer, or <c>in</c> before the first.</summary>
    public static string LabelOf(ComponentAddress stream) =>
        stream.Name == ComponentNames.BlockInput ? "in" : $"{stream.Layer}";
}
