using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>
/// Walks a graph and its subgraphs in order and notes each broken rule. A value is visible from its definition on, in
/// subgraphs too.
/// </summary>
internal sealed class GraphScope(
    ImmutableSortedDictionary<string, long> operatorSets,
    IReadOnlyDictionary<(OperatorKey, string), LocalFunction> functions,
    OperatorCheck operators,
    ImmutableArray<string>.Builder faults
)
{
    // Values without a name of their own, which is a fault already.
    private readonly HashSet<Value> _unnamed = [];
    private readonly Dictionary<string, Value> _names = new(StringComparer.Ordinal);

    public void Check(Graph graph)
    {
        var defined = new List<Value>(2 * graph.NodeCount);
        _names.EnsureCapacity(_names.Count + (2 * graph.NodeCount));
        foreach (var value in graph.Inputs.Concat(graph.InitializersBesideInputs()))
            Define(graph, value, defined);
        foreach (var constant in graph.Initializers)
            CheckConstant(graph, constant);
        CheckNodeNames(graph);
        foreach (var node in graph.Nodes)
            CheckNode(graph, node, defined);
        CheckOutputs(graph);
        foreach (var value in defined)
        {
            _unnamed.Remove(value);
            if (_names.TryGetValue(value.Name, out var named) && named == value)
                _names.Remove(value.Name);
        }
    }

    private bool IsVisible(Value value) =>
        (_names.TryGetValue(value.Name, out var named) && named == value) || _unnamed.Contains(value);

    private void CheckNode(Graph graph, Node node, List<Value> defined)
    {
        if (!operatorSets.ContainsKey(node.Operator.Domain))
            faults.Add($"{graph}: the domain of {node} is not imported by the model.");
        for (var index = 0; index < node.Inputs.Count; index++)
        {
            if (node.Inputs[index] is { } input && !IsVisible(input))
                faults.Add($"{graph}: input {index} of {node}, {input}, is not defined before it.");
        }

        CheckCall(graph, node);
        foreach (var fault in operators.FaultsOf(node))
            faults.Add($"{graph}: {fault}");
        foreach (var subgraph in node.Subgraphs)
            Check(subgraph);
        var hasNoOutputs = true;
        for (var index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is not { } output)
                continue;
            Define(graph, output, defined);
            hasNoOutputs = false;
        }

        if (hasNoOutputs)
            faults.Add($"{graph}: {node} has no outputs.");
    }

    private void CheckNodeNames(Graph graph)
    {
        var names = new HashSet<string>(graph.NodeCount, StringComparer.Ordinal);
        foreach (var node in graph.Nodes)
        {
            if (node.Name.Length > 0 && !names.Add(node.Name))
                faults.Add($"{graph}: two nodes are named '{node.Name}'.");
        }
    }

    private void CheckCall(Graph graph, Node node)
    {
        var function = functions.Count == 0 ? null : functions.GetValueOrDefault((node.Operator, node.Overload));
        if (function is not null && node.Outputs.Count > function.Body.Outputs.Count)
            faults.Add(
                $"{graph}: {node} has {node.Outputs.Count} outputs, but the function has "
                    + $"{function.Body.Outputs.Count}."
            );
        if (
            node.Attributes.Count > 1
            && node.Attributes.GroupBy(attribute => attribute.Name).FirstOrDefault(group => group.Count() > 1)
                is { } twice
        )
            faults.Add($"{graph}: {node} has the attribute '{twice.Key}' twice.");
    }

    private void CheckOutputs(Graph graph)
    {
        foreach (var output in graph.Outputs)
        {
            if (!IsVisible(output))
                faults.Add($"{graph}: the output {output} is not defined in it.");
        }
    }

    private void CheckConstant(Graph graph, Value value)
    {
        if (value.Initializer is not { } data || data.ElementType == ElementType.Text)
            return;
        var expected = data.ElementType.ByteCount(data.Count);
        if (expected != data.ByteLength)
            faults.Add($"{graph}: the initializer {value} takes {expected} bytes, but has {data.ByteLength}.");
    }

    private void Define(Graph graph, Value value, List<Value> defined)
    {
        defined.Add(value);
        if (value.Name.Length > 0 && _names.TryAdd(value.Name, value))
            return;
        _unnamed.Add(value);
        faults.Add(
            value.Name.Length == 0
                ? $"{graph}: a value has no name."
                : $"{graph}: the name '{value.Name}' occurs twice."
        );
    }
}
