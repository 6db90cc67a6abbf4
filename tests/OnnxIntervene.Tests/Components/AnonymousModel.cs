using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// A model again with names that say nothing: only the main graph's inputs and outputs keep theirs; notes and types are
/// gone.
/// </summary>
internal sealed class AnonymousModel
{
    private readonly Dictionary<Value, Value> _values = [];
    private readonly Random _random = new(20);

    private AnonymousModel(Model model)
    {
        var graph = new Graph();
        foreach (var input in model.Graph.Inputs)
            _values.Add(input, graph.AddInput(input.Name, input.Type));
        Fill(model.Graph, graph, model.Graph.Outputs.ToHashSet());
        Model = new Model(graph, model.IrVersion, model.OperatorSets);
    }

    public Model Model { get; }

    public static AnonymousModel Of(Model model) => new(model);

    /// <summary>The value that replaces one of the original model.</summary>
    public Value this[Value original] => _values[original];

    private void Fill(Graph from, Graph to, HashSet<Value> keep)
    {
        foreach (var constant in from.Initializers.Where(value => value.Initializer is not null))
            _values.Add(constant, to.AddInitializer(NewName(), constant.Initializer!));
        foreach (var node in from.Nodes)
        {
            var attributes = node
                .Attributes.Select(attribute =>
                    attribute.Kind == AttributeKind.Graph
                        ? NodeAttribute.Of(attribute.Name, Branch(attribute.Graph))
                        : attribute
                )
                .ToList();
            var copy = to.AddNode(
                NewName(),
                node.Operator,
                node.Inputs.Select(input => input is null ? null : _values[input]),
                node.Outputs.Select(output =>
                    output is null ? ""
                    : keep.Contains(output) ? output.Name
                    : NewName()
                ),
                attributes
            );
            for (var index = 0; index < node.Outputs.Count; index++)
            {
                if (node.Outputs[index] is { } output)
                    _values.Add(output, copy.Outputs[index]!);
            }
        }

        foreach (var output in from.Outputs)
            to.AddOutput(_values[output]);
        foreach (var output in to.Outputs.Where(keep.Select(value => _values[value]).Contains))
            output.Type = from.Outputs[to.Outputs.ToList().IndexOf(output)].Type;
    }

    private Graph Branch(Graph graph)
    {
        var copy = new Graph(NewName());
        foreach (var input in graph.Inputs)
            _values.Add(input, copy.AddInput(NewName(), input.Type));
        Fill(graph, copy, []);
        return copy;
    }

    private string NewName() => $"v{_random.NextInt64():x}";
}
