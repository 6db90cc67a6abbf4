using System.Collections.Immutable;
using OnnxIntervene.Gradients.Rules;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Rewriting.Opening;

namespace OnnxIntervene.Gradients;

/// <summary>
/// Writes the gradient of one number by chosen tensors into its graph: reverse-mode differentiation. Only nodes between
/// these tensors and the number are differentiated.
/// </summary>
internal sealed class BackwardPass
{
    private readonly GraphEditor _editor;
    private readonly OpBuilder _ops;
    private readonly Dictionary<Value, Value> _gradients = [];

    private BackwardPass(GraphEditor editor)
    {
        _editor = editor;
        _ops = editor.Builder("gradient");
    }

    /// <summary>
    /// Opens the fused operators on the way, and adds nodes for the gradients; zeros where the number does not depend
    /// on a tensor. O(nodes).
    /// </summary>
    /// <param name="editor">The graph.</param>
    /// <param name="loss">The number, a scalar.</param>
    /// <param name="tensors">What is differentiated by.</param>
    /// <param name="kept">
    /// Values between which the way back computes what it reads a second time; none where everything is kept.
    /// </param>
    /// <returns>A gradient for each tensor, in its shape and element type.</returns>
    /// <exception cref="InterventionException">An operator on the way has no rule.</exception>
    public static ImmutableArray<Value> Write(
        GraphEditor editor,
        Value loss,
        ImmutableArray<Value> tensors,
        IReadOnlyList<Value>? kept = null
    )
    {
        var pass = new BackwardPass(editor);
        pass.OpenFused(loss, tensors);
        ImmutableArray<Value> current = [.. tensors.Select(editor.Current)];
        HashSet<Node> forward = kept is null ? [] : [.. editor.Graph.Nodes];
        pass.Differentiate(loss, current);
        if (kept is not null)
            Recomputation.Apply(
                pass._ops.At(Recomputation.Place),
                forward,
                [.. kept.Select(editor.Current)],
                pass._gradients
            );
        return [.. current.Select(pass.GradientOf)];
    }

    // What an operator is opened into may be fused itself.
    private void OpenFused(Value loss, ImmutableArray<Value> tensors)
    {
        var openings = new Openings(_editor);
        while (true)
        {
            var (nodes, _) = Path(loss, [.. tensors.Select(_editor.Current)]);
            var fused = GraphOrder
                .Of(_editor.Graph)
                .Where(node =>
                    nodes.Contains(node) && GradientTable.Of(node) is null && OpeningTable.Of(node) is not null
                )
                .ToList();
            if (fused.Count == 0)
                return;
            foreach (var node in fused)
                openings.Of(node);
        }
    }

    private void Differentiate(Value loss, ImmutableArray<Value> tensors)
    {
        GraphOrder.Sort(_editor.Graph);
        var (nodes, values) = Path(loss, tensors);
        var types = new TypeInference();
        var one = SingleNumber.Of(Precision.Of(loss), 1);
        _gradients.Add(loss, _editor.Graph.AddInitializer(_ops.Names.Unique("gradient/one"), one));
        foreach (var node in _editor.Graph.Nodes.Where(nodes.Contains).Reverse().ToList())
            Pass(node);

        void Pass(Node node)
        {
            ImmutableArray<Value?> gradients =
            [
                .. node.Outputs.Select(output => output is null ? null : _gradients.GetValueOrDefault(output)),
            ];
            if (gradients.All(gradient => gradient is null) || !LeadsBack(node))
                return;
            var step = new GradientStep(_ops, node, types, gradients, IsNeeded);
            if (RuleOf(step).Backward is { } backward)
                Add(node, backward(step), IsNeeded);
        }

        // What is computed from sizes or indices alone has nothing to pass a gradient to.
        bool LeadsBack(Node node) => node.Subgraphs.Any() || node.Inputs.OfType<Value>().Any(IsNeeded);

        bool IsNeeded(Value value) =>
            values.Contains(value) && (types.ElementTypeOf(value) is var type && (type.IsFloat() || type == default));
    }

    private static GradientRule RuleOf(GradientStep step) =>
        GradientTable.Of(step.Node)
        ?? throw step.Refusal($"there is no gradient rule for the operator {step.Node.Operator.OperatorType}");

    private void Add(Node node, ImmutableArray<Value?> gradients, Func<Value, bool> isNeeded)
    {
        for (var input = 0; input < gradients.Length; input++)
        {
            if (gradients[input] is not { } gradient || node.Inputs[input] is not { } value || !isNeeded(value))
                continue;
            _gradients[value] = _gradients.TryGetValue(value, out var others) ? _ops.Add(others, gradient) : gradient;
        }
    }

    private Value GradientOf(Value tensor) =>
        _gradients.TryGetValue(tensor, out var gradient)
            ? gradient
            : _ops.ConstantOfShape(_ops.ShapeOf(tensor), SingleNumber.Of(Precision.Of(tensor), 0, 1));

    // What lies between the tensors and the number: what both depends on one and leads to the other.
    private (IReadOnlySet<Node> Nodes, IReadOnlySet<Value> Values) Path(Value loss, ImmutableArray<Value> tensors)
    {
        var after = Cone.After(_editor.Graph, tensors);
        var before = Cone.Before([loss]);
        return (after.Nodes.Intersect(before.Nodes).ToHashSet(), after.Values);
    }
}
