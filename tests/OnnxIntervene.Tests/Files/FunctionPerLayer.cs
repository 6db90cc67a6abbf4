using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// Makes one local function of a model's layers, called once a layer, as exporters do that keep modules.
/// </summary>
internal static class FunctionPerLayer
{
    private static readonly OperatorKey s_key = new("own", "Layer");

    public static Model Of(Model model, int layers)
    {
        var copy = model.Copy();
        copy.OperatorSets = copy.OperatorSets.Add(s_key.Domain, 1);
        var names = NameScope.Of(copy);
        for (var layer = 0; layer < layers; layer++)
        {
            var nodes = copy
                .Graph.Nodes.Where(node => node.Name.StartsWith($"layer.{layer}.", StringComparison.Ordinal))
                .ToList();
            var read = nodes.SelectMany(node => node.Inputs).OfType<Value>().Distinct();
            ImmutableArray<Value> given =
            [
                .. read.Where(value => value.Producer is null || !nodes.Contains(value.Producer)),
            ];
            if (layer == 0)
                copy.Functions = [Function(nodes, given, model.OperatorSets)];
            var call = copy.Graph.AddNode(
                $"layer.{layer}",
                s_key,
                given,
                [$"layer.{layer}.called"],
                [NodeAttribute.Of("causal", 1L)]
            );
            copy.Graph.Redirect(nodes[^1].Output, call.Output, names);
            foreach (var node in Enumerable.Reverse(nodes))
                copy.Graph.Remove(node);
        }

        GraphOrder.Sort(copy.Graph);
        return copy;
    }

    private static LocalFunction Function(
        List<Node> nodes,
        ImmutableArray<Value> given,
        ImmutableSortedDictionary<string, long> sets
    )
    {
        var body = new Graph(s_key.Name);
        var values = given.ToDictionary(value => value, value => body.AddInput(value.Name));
        foreach (var node in nodes)
        {
            var attributes = node.Attributes.Select(attribute =>
                attribute.Name == "is_causal"
                    ? NodeAttribute.Create(attribute.Name, AttributeKind.Integer, null, "causal", default)
                    : attribute
            );
            var copy = body.AddNode(
                node.Name,
                node.Operator,
                node.Inputs.Select(input => values[input!]),
                node.Outputs.Select(output => output!.Name),
                attributes
            );
            values.Add(node.Output, copy.Output);
        }

        body.AddOutput(values[nodes[^1].Output]);
        return new LocalFunction(s_key, body) { RequiredAttributes = ["causal"], OperatorSets = sets };
    }
}
