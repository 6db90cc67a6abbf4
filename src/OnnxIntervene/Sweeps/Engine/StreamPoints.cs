using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// The points of the residual stream where a model is cut: 0 is what the first layer reads, and each layer's
/// <c>block_output</c> is one more.
/// </summary>
internal sealed class StreamPoints(ComponentMap components)
{
    private readonly Dictionary<ComponentSource, int> _points = Points(components);

    /// <summary>How many layers there are, and the number of the last point.</summary>
    public int LayerCount { get; } = components.LayerCount;

    /// <summary>The component at a point.</summary>
    public static ComponentAddress AddressOf(int point) =>
        point == 0
            ? new ComponentAddress(0, ComponentNames.BlockInput)
            : new ComponentAddress(point - 1, ComponentNames.BlockOutput);

    /// <summary>The point that a component is, by whatever name; null for a component inside a layer.</summary>
    public int? PointOf(ComponentAddress address) =>
        _points.TryGetValue(components.Get(address).Source, out var point) ? point : null;

    // One tensor may be two points, where nothing is between.
    private static Dictionary<ComponentSource, int> Points(ComponentMap components)
    {
        var points = new Dictionary<ComponentSource, int>();
        for (var point = 0; point <= components.LayerCount; point++)
        {
            var address = AddressOf(point);
            if (components.Components.FirstOrDefault(component => component.Address == address) is { } found)
                points.TryAdd(found.Source, point);
        }

        return points;
    }
}
