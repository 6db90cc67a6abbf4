namespace OnnxIntervene.IR;

/// <summary>
/// Which nodes compute from constants alone, so that what they output is the same in every run. Kept at the nodes, and
/// forgotten where an edit changes it: O(nodes) for all.
/// </summary>
internal static class Constancy
{
    /// <summary>What is known about a node.</summary>
    public enum State : byte
    {
        /// <summary>Nobody has asked.</summary>
        Unknown,

        /// <summary>It is being worked out; a node that depends on itself is not constant.</summary>
        Open,

        /// <summary>It reads something that only a run determines.</summary>
        Varying,

        /// <summary>Every run computes the same.</summary>
        Constant,
    }

    /// <summary>Whether the file holds a value, or nodes compute it from what the file holds.</summary>
    public static bool IsConstant(Value value) =>
        value.IsConstant
        || (
            value.Producer is { } producer
            && (producer.Constancy is State.Varying or State.Constant ? producer.Constancy : Of(producer))
                == State.Constant
        );

    /// <summary>
    /// Called when a node reads another value than before. O(inputs of the node) where that changes nothing.
    /// </summary>
    public static void OnInput(Node node, Value? value)
    {
        if (node.Constancy is not (State.Varying or State.Constant))
            return;
        var isConstant = value is null || IsConstant(value);
        if (isConstant == (node.Constancy == State.Constant) || (isConstant && Varies(node)))
            return;
        var open = new Stack<Node>([node]);
        while (open.TryPop(out var at))
        {
            if (at.Constancy == State.Unknown)
                continue;
            at.Constancy = State.Unknown;
            foreach (var use in at.Outputs.OfType<Value>().SelectMany(output => output.Uses))
                open.Push(use.Node);
        }
    }

    // A stack of our own: graphs are deeper than the thread's.
    private static State Of(Node node)
    {
        var open = new Stack<(Node Node, int Input)>([(node, 0)]);
        while (open.TryPop(out var at))
        {
            if (at.Node.Constancy == State.Unknown)
                at.Node.Constancy = CanBeConstant(at.Node) ? State.Open : State.Varying;
            if (at.Node.Constancy == State.Open && Advance(at.Node, at.Input) is var (input, before))
            {
                open.Push((at.Node, input));
                open.Push((before, 0));
            }
        }

        return node.Constancy;
    }

    // Settles a node, from one of its inputs on, or returns the input that has to be settled first.
    private static (int Input, Node Producer)? Advance(Node node, int first)
    {
        var inputs = node.Inputs;
        for (var index = first; index < inputs.Count; index++)
        {
            if (inputs[index] is not { IsConstant: false } input)
                continue;
            if (input.Producer is { Constancy: State.Unknown } producer)
                return (index, producer);
            if (input.Producer is not { Constancy: State.Constant })
            {
                node.Constancy = State.Varying;
                return null;
            }
        }

        node.Constancy = State.Constant;
        return null;
    }

    private static bool Varies(Node node)
    {
        foreach (var input in node.Inputs)
        {
            if (input is { IsConstant: false } && !IsConstant(input))
                return true;
        }

        return false;
    }

    // What draws numbers, or runs graphs of its own that may read others.
    private static bool CanBeConstant(Node node) =>
        node.Operator.OperatorType switch
        {
            "Constant" => true,
            "RandomNormal"
            or "RandomNormalLike"
            or "RandomUniform"
            or "RandomUniformLike"
            or "Multinomial"
            or "Bernoulli" => false,
            _ => node.Inputs.Any(input => input is not null) && !node.Subgraphs.Any(),
        };
}
