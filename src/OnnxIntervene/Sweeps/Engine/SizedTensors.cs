using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Analysis.Inference;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Tensors of which a part of a model reads how large they are, and nothing else: exporters write the batch and the
/// number of positions that attention reshapes to as sizes of the stream, or of a norm of it. Any numbers of the right
/// shape can stand in their place.
/// </summary>
/// <param name="components">The model's components.</param>
internal sealed class SizedTensors(ComponentMap components)
{
    private readonly TypeInference _types = new();

    /// <summary>
    /// Those that values need, each a batch of positions as a stream is, and with what follows these two axes.
    /// </summary>
    /// <param name="values">What the part computes.</param>
    /// <param name="cuts">What it is fed.</param>
    /// <param name="stream">The stream; <c>[batch, position, width]</c>.</param>
    public Dictionary<Value, int[]> Of(IReadOnlyCollection<Value> values, IReadOnlySet<Value> cuts, Component stream)
    {
        var sized = new Dictionary<Value, int[]>();
        if (PositionsOf(stream) is not var (batch, position))
            return sized;
        // Where one of them is fed, what it was computed from is no longer needed, and may be read for its sizes alone.
        for (var count = -1; count < sized.Count; )
        {
            count = sized.Count;
            var cone = Cone.Before(values, cuts.Concat(sized.Keys).ToHashSet());
            foreach (var value in cone.Nodes.Where(IsSize).Select(node => node.InputOrNull(0)).OfType<Value>())
            {
                if (IsComputed(value) && value.Uses.All(use => IsSize(use.Node) || !cone.Nodes.Contains(use.Node)))
                {
                    if (ShapeAfter(value, batch, position) is { } shape)
                        sized.TryAdd(value, shape);
                }
            }
        }

        return sized;
    }

    /// <summary>
    /// Whether a part reads of an input how large it is, to reshape or repeat other tensors, and nothing else: not to
    /// count positions, which a token by itself does not have. It is as large as the tokens, so that it is told for one
    /// token of each row.
    /// </summary>
    /// <param name="input">The input.</param>
    /// <param name="part">What the part needs.</param>
    public bool IsForShapes(Value input, Cone part)
    {
        var tokens = components.Model.Graph.Inputs.First(value => value.Name == ModelInputs.TokenInput);
        if (
            _types.FactsOf(tokens).Axes is not [var batch, var position]
            || ShapeAfter(input, batch, position) is not []
        )
            return false;
        var (seen, open) = (new HashSet<Value>(), new Stack<Value>([input]));
        while (open.TryPop(out var value))
        {
            foreach (var use in value.Uses.Where(use => part.Nodes.Contains(use.Node)))
            {
                if (use is { InputIndex: 1, Node.Operator.Name: "Reshape" or "Expand" } && !CountsSizes(use.Node))
                    continue;
                if (value == input ? !IsSize(use.Node) : !CountsSizes(use.Node))
                    return false;
                foreach (var output in use.Node.Outputs.OfType<Value>().Where(seen.Add))
                    open.Push(output);
            }
        }

        return true;
    }

    /// <summary>Whether a node reads how large a tensor is, and nothing else of it.</summary>
    public static bool IsSize(Node node) => node.Operator.Name is "Shape" or "Size";

    private (Quantity Batch, Quantity Position)? PositionsOf(Component stream) =>
        SourcePlaces
            .Values(stream.Source)
            .Select(value => _types.FactsOf(value).Axes)
            .FirstOrDefault(axes => axes is [{ IsKnown: true }, { IsKnown: true }, _])
            is { } known
            ? (known[0], known[1])
            : null;

    private int[]? ShapeAfter(Value value, Quantity batch, Quantity position) =>
        _types.FactsOf(value).Axes is [var first, var second, .. var rest]
        && first.IsSame(batch)
        && second.IsSame(position)
        && Array.TrueForAll(rest, size => size.Number is > 0 and <= int.MaxValue)
            ? [.. rest.Select(size => (int)size.Number!)]
            : null;

    private bool CountsSizes(Node node) =>
        !node.Subgraphs.Any()
        && node.Outputs.OfType<Value>()
            .All(output => _types.ElementTypeOf(output) is ElementType.Int64 or ElementType.Int32 or ElementType.Bool);

    private bool IsComputed(Value value) =>
        value.Producer?.Graph == components.Model.Graph
        && _types.ElementTypeOf(value) is ElementType.Float32 or ElementType.Float16;
}
