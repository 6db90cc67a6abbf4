using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Says what is computed before a layer, or after all, and is in none: attention that joins its stream in another way
/// than by an addition, recurrent operators, products with matrices. O(nodes).
/// </summary>
internal sealed class OutsideLayers
{
    // One product before the first layer is an embedding's.
    private const int ProductsOfEmbedding = 1;
    private const int MostNamed = 4;

    private const string Attention = "attention";
    private const string Recurrence = "a recurrent operator";
    private const string Product = "a product with a matrix";

    private readonly HashSet<Node> _known;
    private readonly HashSet<Node> _seen = [];
    private readonly List<Node> _cores;
    private readonly LinearLayers _layers;

    /// <param name="streams">The streams, in layers or not.</param>
    /// <param name="cores">Every attention of the graph.</param>
    /// <param name="layers">Its linear layers.</param>
    public OutsideLayers(IEnumerable<ResidualStream> streams, IEnumerable<AttentionCore> cores, LinearLayers layers)
    {
        _layers = layers;
        _known = [.. streams.SelectMany(stream => stream.Parts).SelectMany(part => part.Nodes)];
        _cores = [.. cores.Select(core => core.Node).Where(node => !_known.Contains(node)).Distinct()];
    }

    /// <summary>What is outside the layers of these stacks, in words.</summary>
    public IEnumerable<string> Of(ImmutableArray<Stack> stacks)
    {
        foreach (var stack in stacks)
        {
            var found = Enumerable
                .Range(0, stack.Layers.Length)
                .Select(layer => (Layer: layer, Outside: Before(stack, layer)))
                .Where(item => item.Outside is not null)
                .GroupBy(item => item.Outside!.Value.What, item => (item.Layer, item.Outside!.Value.Node));
            foreach (var group in found)
                yield return Describe(stack, group.Key, [.. group]);
        }

        var others = _cores.Where(node => !_seen.Contains(node)).ToList();
        if (others.Count > 0)
            yield return $"attention that adds to no residual stream: {Named(others)}";
    }

    private static string Describe(Stack stack, string what, List<(int Layer, Node Node)> found)
    {
        var numbers = string.Join(", ", found.Take(MostNamed).Select(item => item.Layer));
        var more = found.Count > MostNamed ? ", …" : "";
        var which = stack.Name.Length > 0 ? $"{stack.Name}: " : "";
        return $"{which}{what} before layer {numbers}{more} is in no layer, since it joins the stream in a way that is "
            + $"not an addition: {Named([.. found.Select(item => item.Node)])}";
    }

    private static string Named(List<Node> nodes) =>
        string.Join(", ", nodes.Take(MostNamed)) + (nodes.Count > MostNamed ? ", …" : "");

    private (string What, Node Node)? Before(Stack stack, int layer)
    {
        var start = Dataflow.FlatRoot(stack.Layers[layer][0].Stream);
        var end = layer == 0 ? null : Dataflow.FlatRoot(stack.Layers[layer - 1][^1].Result);
        if (start == end)
            return null;
        var nodes = Between(end, start);
        if (_cores.Find(nodes.Contains) is { } core)
            return (Attention, core);
        if (nodes.FirstOrDefault(RecurrentOperators.Is) is { } recurrent)
            return (Recurrence, recurrent);
        var products = _layers.Among(nodes);
        return products.Count > (layer == 0 ? ProductsOfEmbedding : 0) ? (Product, products[0].Product) : null;
    }

    private HashSet<Node> Between(Value? end, Value start)
    {
        var (found, open) = (new HashSet<Node>(), new Stack<Value>([start]));
        while (open.TryPop(out var value))
        {
            if (value == end || value.Producer is not { } producer || _known.Contains(producer) || !_seen.Add(producer))
                continue;
            found.Add(producer);
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return found;
    }
}
