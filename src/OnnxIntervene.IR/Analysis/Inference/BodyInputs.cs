namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Tells of a value whether it is an input of a Loop's or Scan's body, and of which.</summary>
internal sealed class BodyInputs
{
    private readonly Dictionary<Value, (Node Owner, int Index)> _inputs = [];
    private readonly HashSet<Graph> _known = [];

    /// <summary>The loop whose body has this input, and the input's number; null for any other value.</summary>
    public (Node Owner, int Index)? Find(Value value)
    {
        var reader = value.Uses.Count > 0 ? value.Uses[0].Node.Graph : null;
        for (var graph = reader; graph?.Owner is { } owner; graph = owner.Graph)
            Add(owner, graph);
        return _inputs.TryGetValue(value, out var place) ? place : null;
    }

    /// <summary>Makes the inputs of a node's body known, those that nothing reads too. O(inputs), once.</summary>
    public void Add(Node owner, Graph body)
    {
        if (!_known.Add(body) || !ControlFlowRules.IsLoop(owner))
            return;
        for (var index = 0; index < body.Inputs.Count; index++)
            _inputs[body.Inputs[index]] = (owner, index);
    }
}
