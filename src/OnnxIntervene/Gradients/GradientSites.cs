using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Gradients.Rules;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Rewriting.Opening;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Gradients;

/// <summary>The tensors that are differentiated by: those of components, and weights.</summary>
internal sealed class GradientSites
{
    private readonly GraphEditor _editor;
    private readonly ComponentPlaces _places;
    private readonly GradientComponents _components;
    private readonly ImmutableArray<Value> _weights;

    /// <summary>
    /// Opens fused operators around the components and after them, and gives a module's input a tensor of its own.
    /// </summary>
    /// <param name="editor">The graph.</param>
    /// <param name="components">The components, in this graph.</param>
    /// <param name="weights">The weights, in this graph.</param>
    /// <param name="output">What the loss is computed from.</param>
    /// <exception cref="InterventionException">
    /// A component is not one tensor of the main graph, or an operator cannot be opened.
    /// </exception>
    public GradientSites(GraphEditor editor, GradientComponents components, ImmutableArray<Value> weights, Value output)
    {
        _editor = editor;
        _components = components;
        _weights = weights;
        _places = new ComponentPlaces(editor);
        foreach (var component in components.All)
            Check(component);
        foreach (var node in Fused(editor.Graph, output))
            _places.Open(node);
        foreach (var component in components.All)
            _places.Open(component.Source);

        foreach (var source in components.All.Select(component => component.Source).OfType<InputSource>().Distinct())
        {
            // It is no intervention's: it reads on what an operator that is opened later gives.
            var current = _places.Current(source);
            _places.Replace(source, current, editor.Builder("gradient").Identity(current));
        }

        // What a module reads comes after the tensor that it reads.
        var moves = components
            .Moved.OrderBy(component => component.Source is InputSource)
            .ToDictionary(component => component.Address, Move);
        Moves = [.. components.Moved.Select(component => moves[component.Address])];
        Tensors = [.. components.Differentiated.Select(component => _places.Current(component.Source)), .. weights];
    }

    /// <summary>For each component that is moved, the input that is added to it.</summary>
    public ImmutableArray<string> Moves { get; }

    /// <summary>For each component, the tensor that holds it; then the weights.</summary>
    public ImmutableArray<Value> Tensors { get; }

    /// <summary>
    /// Gradients of the tensors as outputs, 32-bit floats, in the components' shapes: <c>[batch, position, width]</c>,
    /// <c>[batch, head, position, width]</c>, or <c>[batch, head, query, key]</c>; and in the weights' own.
    /// </summary>
    public ImmutableArray<Value> Views(ImmutableArray<Value> gradients) =>
        [
            .. _components.Differentiated.Select(
                (component, index) => View(component, gradients[index], Precision.Of(Tensors[index]))
            ),
            .. _weights.Zip(gradients.Skip(_components.Differentiated.Length), View),
        ];

    /// <summary>
    /// What the components to be read hold, as outputs, 32-bit floats; heads come after positions.
    /// </summary>
    public ImmutableArray<Value> Values() =>
        [
            .. _components.Read.Select(component =>
            {
                var (ops, value) = (Builder("value", component), _places.Current(component.Source));
                var view = ComponentView.Open(_editor, ops, component, value).Value;
                return ops.Identity(Precision.Widened(ops, view, Precision.Of(value)));
            }),
        ];

    private string Move(Component component)
    {
        var (ops, current) = (Builder("move", component), _places.Current(component.Source));
        var (type, before) = (Precision.Of(current), _editor.Graph.LastNode);
        var view = ComponentView.Open(_editor, ops, component, current);
        var axes = component.Layout == ComponentLayout.Positions ? component.Axes : 4;
        var name = ops.Names.Unique($"{NameScope.Prefix}move/{component.Address.Layer}/{component.Address.Name}");
        var shape = _editor.Types.ShapeOf(view.Value) ?? Unknown(name, axes);
        var by = _editor.Graph.AddInput(name, new TensorType(ElementType.Float32, shape));
        var moved = ops.Add(Precision.Widened(ops, view.Value, type), by);
        var whole = view.Close(ops, Precision.Restored(ops, moved, type));
        _editor.Claim(_editor.Graph, before);
        _places.Replace(component.Source, current, whole);
        return by.Name;
    }

    private static Shape Unknown(string name, int axes) =>
        new([.. Enumerable.Range(0, axes).Select(axis => Dimension.Named($"{name}/{axis}"))]);

    private OpBuilder Builder(string what, Component component) =>
        _editor.Builder($"{what}/{component.Address.Layer}/{component.Address.Name}");

    private Value View(Value weight, Value gradient)
    {
        var ops = _editor.Builder($"gradient/{weight.Name}");
        return ops.Identity(Precision.Widened(ops, gradient, Precision.Of(weight)));
    }

    // In the order of the graph: what layers share is computed from what the first that is opened reads.
    private List<Node> Fused(Graph graph, Value output)
    {
        var around = _components
            .All.Select(component => SourcePlaces.OpenedNode(component.Source))
            .OfType<Node>()
            .ToHashSet();
        var values = _components
            .All.SelectMany(component => SourcePlaces.Values(component.Source))
            .Concat(around.SelectMany(node => node.Outputs).OfType<Value>())
            .Concat(_weights);
        var after = Cone.After(graph, values).Nodes;
        var before = Cone.Before([output]).Nodes;
        return
        [
            .. GraphOrder
                .Of(graph)
                .Where(node => around.Contains(node) || (after.Contains(node) && before.Contains(node)))
                .Where(node => GradientTable.Of(node) is null && OpeningTable.Of(node) is not null),
        ];
    }

    // A component's view cuts and reshapes its tensor, and so does that of its gradient.
    private Value View(Component component, Value gradient, ElementType type)
    {
        var ops = Builder("gradient", component);
        var view = ComponentView.Open(_editor, ops, component, Precision.Widened(ops, gradient, type)).Value;
        return component.Layout == ComponentLayout.HeadsInWidth ? ops.Transpose(view, 0, 2, 1, 3) : ops.Identity(view);
    }

    private static void Check(Component component)
    {
        if (component.Source is RecurrentSource or StepsSource or BodySource or OneBranchSource)
            throw new InterventionException(
                $"Gradients by {component.Address} are not known: it is the state of a recurrent layer, or inside a "
                    + "loop or a branch that does not run."
            );
    }
}
