using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Makes a graph of as many layers as wanted out of one of few: the last layer's nodes are repeated, on its weights.
/// </summary>
internal static class DeeperModel
{
    public static Model Of(Model model, int layers)
    {
        var deeper = model.Copy();
        var components = ComponentMap.Find(deeper);
        var last = components.LayerCount - 1;
        var (start, end) = (Stream(components, last, ComponentNames.BlockInput), Stream(components, last));
        var names = NameScope.Of(deeper);
        var before = Behind(start);
        List<Node> repeated = [.. deeper.Graph.Nodes.Where(Behind(end).Except(before).ToHashSet().Contains)];
        var after = end.Uses.Select(use => use.Node).ToHashSet();
        var stream = end;
        for (var layer = components.LayerCount; layer < layers; layer++)
            stream = Repeat(deeper.Graph, repeated, start, end, stream, (last, layer), names);
        // The repetitions read the end of the layer themselves; what stood behind it reads that of the last repetition.
        foreach (var use in end.Uses.Where(use => after.Contains(use.Node)).ToList())
            use.Node.SetInput(use.InputIndex, stream);
        GraphOrder.Sort(deeper.Graph);
        return deeper;
    }

    private static Value Repeat(
        Graph graph,
        List<Node> nodes,
        Value start,
        Value end,
        Value stream,
        (int Last, int Own) layer,
        NameScope names
    )
    {
        var copies = new Dictionary<Value, Value> { [start] = stream };
        foreach (var node in nodes)
        {
            var copy = graph.AddNode(
                Name(node.Name, layer),
                node.Operator,
                node.Inputs.Select(input => input is null ? null : copies.GetValueOrDefault(input, input)),
                node.Outputs.Select(output =>
                    output is null ? "" : names.Unique($"repeated.{layer.Own}/{output.Name}")
                ),
                node.Attributes
            );
            foreach (var (old, made) in node.Outputs.Zip(copy.Outputs))
            {
                if (old is null)
                    continue;
                made!.Type = old.Type;
                copies.Add(old, made);
            }
        }

        return copies[end];
    }

    // Exporters write the layer's number into most names; the others get it in front.
    private static string Name(string name, (int Last, int Own) layer) =>
        name.Replace($".{layer.Last}/", $".{layer.Own}/", StringComparison.Ordinal) is var renamed && renamed != name
            ? renamed
            : $"{layer.Own}/{name}";

    private static Value Stream(ComponentMap components, int layer, string name = ComponentNames.BlockOutput) =>
        ((TensorSource)components.Get(layer, name).Source).Value;

    private static HashSet<Node> Behind(Value value)
    {
        var (found, open) = (new HashSet<Node>(), new Stack<Value>([value]));
        while (open.TryPop(out var at))
        {
            if (at.Producer is not { } producer || !found.Add(producer))
                continue;
            foreach (var input in producer.Inputs.OfType<Value>())
                open.Push(input);
        }

        return found;
    }
}
