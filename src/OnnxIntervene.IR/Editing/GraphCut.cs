using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Cuts parts out of a model, each a separate model that refers to the same weights. The model stays as it is. Values
/// keep their names; operator sets, functions and metadata are kept. O(nodes + reads).
/// </summary>
public static class GraphCut
{
    /// <summary>
    /// All that these values need, which become the outputs; other inputs, nodes and constants are left out.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="outputs">Values of its main graph, in the order of the part's outputs.</param>
    /// <exception cref="InterventionException">A value is inside a branch, a loop, or another model.</exception>
    public static Model To(Model model, IReadOnlyList<Value> outputs) => Between(model, [], outputs);

    /// <summary>
    /// What is between a frontier, whose values become inputs, and chosen outputs; types are as the file declares
    /// them.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="frontier">Values of its main graph that are the part's inputs.</param>
    /// <param name="outputs">Values of its main graph, in the order of the part's outputs.</param>
    /// <exception cref="InterventionException">
    /// A value is inside a branch, a loop, or another model, or the file does not declare a frontier value's type.
    /// </exception>
    public static Model Between(Model model, IReadOnlyList<Value> frontier, IReadOnlyList<Value> outputs) =>
        Between(model, frontier, outputs, _ => null, out _);

    /// <summary>
    /// What is between a frontier, whose values become inputs, and chosen outputs. The model's own inputs come first,
    /// as far as the outputs need them besides the frontier, with their defaults; constants are kept inside. Frontier
    /// values that the outputs do not need, or that nothing computes, do not become inputs.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="frontier">Values of its main graph that are the part's inputs.</param>
    /// <param name="outputs">Values of its main graph, in the order of the part's outputs.</param>
    /// <param name="typeOf">
    /// Returns types that the file does not declare. State the rank wherever it is known: ONNX Runtime fuses less after
    /// an input without one.
    /// </param>
    /// <param name="copies">For each value of the model that the part has, the part's value.</param>
    /// <exception cref="InterventionException">
    /// A value is inside a branch, a loop, or another model, or a frontier value's element type is unknown.
    /// </exception>
    public static Model Between(
        Model model,
        IReadOnlyList<Value> frontier,
        IReadOnlyList<Value> outputs,
        Func<Value, TensorType?> typeOf,
        out IReadOnlyDictionary<Value, Value> copies
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(frontier);
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(typeOf);
        CheckPlaces(model, frontier, outputs);
        var needed = Cone.Before(outputs, frontier.ToHashSet()).Values;
        var given = frontier.Distinct().Where(value => value.Producer is not null && needed.Contains(value));
        var types = given.Select(value => (value, InputType(value, typeOf))).ToList();

        var part = model.Copy(out var all);
        var map = new Dictionary<Value, Value>(all);
        Feed(part, map, types);
        part.Graph.SetOutputs([.. outputs.Select(output => map[output]).Distinct()]);
        DeadCode.Remove(part.Graph);
        DeadCode.RemoveUnusedInputs(part.Graph);
        GraphVerifier.Verify(part);
        copies = Remaining(part, map);
        return part;
    }

    private static void CheckPlaces(Model model, IReadOnlyList<Value> frontier, IReadOnlyList<Value> outputs)
    {
        var own = model.Graph.AllValues().ToHashSet();
        if (frontier.Concat(outputs).FirstOrDefault(value => !own.Contains(value)) is { } stranger)
            throw new InterventionException(
                $"{stranger} is not a value of the model's main graph, so the model cannot be cut there. Choose a "
                    + "value outside branches, loops and functions."
            );
        if (outputs.Count == 0)
            throw new InterventionException("A part of a model needs an output. Choose at least one.");
    }

    // What is not a tensor (a sequence, a map) has a type that the file declares and the copy carries.
    private static TensorType? InputType(Value value, Func<Value, TensorType?> typeOf)
    {
        var declared = value.Type;
        if (declared is { ElementType: not ElementType.Undefined, Shape: not null })
            return declared;
        if (declared is null && value.OpaqueType.Length > 0)
            return null;
        var given = typeOf(value);
        return (declared?.ElementType ?? ElementType.Undefined, given?.ElementType ?? ElementType.Undefined) switch
        {
            (ElementType.Undefined, ElementType.Undefined) => throw new InterventionException(
                $"The model cannot be cut at {value}: the file does not state its element type. Pass its type."
            ),
            (ElementType.Undefined, _) => given,
            _ => declared! with { Shape = given?.Shape },
        };
    }

    // The node that computed a value may stay for its other outputs, so the input takes the value's name and the value
    // a new one.
    private static void Feed(Model part, Dictionary<Value, Value> map, List<(Value Value, TensorType? Type)> types)
    {
        var names = NameScope.Of(part);
        var inputs = new Dictionary<Value, Value>();
        foreach (var (value, type) in types)
        {
            var old = map[value];
            var input = part.Graph.AddInput(old.Name, type);
            (input.OpaqueType, input.HasInfo) = (old.OpaqueType, true);
            old.Name = names.Unique($"{old.Name}/cut");
            old.ReplaceUses(input);
            map[value] = inputs[old] = input;
        }

        foreach (var body in part.Graph.AllNodes().SelectMany(node => node.Subgraphs))
            ReturnInputs(body, inputs);
    }

    // A branch may output a captured value as it is, which is not a read of a node.
    private static void ReturnInputs(Graph body, Dictionary<Value, Value> inputs)
    {
        if (body.Outputs.Any(inputs.ContainsKey))
            body.SetOutputs([.. body.Outputs.Select(output => inputs.GetValueOrDefault(output, output))]);
    }

    private static Dictionary<Value, Value> Remaining(Model part, Dictionary<Value, Value> map)
    {
        var bodies = part.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(part.Graph);
        var values = bodies.SelectMany(graph => graph.AllValues()).ToHashSet();
        return map.Where(entry => values.Contains(entry.Value)).ToDictionary();
    }
}
