using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// The linear layers that the shortest ways back from values lead to. Each value is looked at once, whatever is asked:
/// O(nodes + reads) for all.
/// </summary>
/// <param name="layers">The linear layers.</param>
/// <param name="ends">Which nodes no way leads through.</param>
internal sealed class NearestLayers(LinearLayers layers, Func<Node, bool> ends)
{
    private readonly Dictionary<Value, Way> _ways = [];
    private readonly Stack<(Value Value, bool IsEntered)> _open = new();

    /// <summary>The way back from a value; without a layer where none is behind it.</summary>
    public Way Of(Value value)
    {
        if (_ways.TryGetValue(value, out var known))
            return known;
        _open.Push((value, false));
        while (_open.TryPop(out var top))
        {
            if (top.IsEntered)
                _ways[top.Value] = Best(top.Value.Producer!);
            else if (_ways.TryAdd(top.Value, default))
                Enter(top.Value);
        }

        return _ways[value];
    }

    private void Enter(Value value)
    {
        if (value.Producer is not { } producer || ends(producer))
            return;
        if (layers.TryGet(producer, out var layer))
        {
            _ways[value] = new Way(layer, null, 0);
            return;
        }

        _open.Push((value, true));
        foreach (var input in Dataflow.DataInputs(producer))
        {
            if (!_ways.ContainsKey(input))
                _open.Push((input, false));
        }
    }

    // Of ways of one length, that by the first input.
    private Way Best(Node producer)
    {
        Way best = default;
        foreach (var input in Dataflow.DataInputs(producer))
        {
            if (
                _ways[input] is { Layer: { } layer, Length: var length }
                && (best.Layer is null || length + 1 < best.Length)
            )
                best = new Way(layer, input, length + 1);
        }

        return best;
    }

    /// <summary>A way back from a value.</summary>
    /// <param name="Layer">Where it ends; null where no linear layer is behind the value.</param>
    /// <param name="Next">The value after this one; null at the layer's product.</param>
    /// <param name="Length">How many nodes lie on it before the layer's.</param>
    internal readonly record struct Way(LinearLayer? Layer, Value? Next, int Length);
}
