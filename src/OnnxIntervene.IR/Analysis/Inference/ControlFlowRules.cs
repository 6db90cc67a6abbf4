namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Nodes that run subgraphs.</summary>
internal static class ControlFlowRules
{
    /// <summary>The attribute of an If that holds what runs when the condition holds.</summary>
    public const string ThenBranch = "then_branch";

    /// <summary>The attribute of an If that holds what runs otherwise.</summary>
    public const string ElseBranch = "else_branch";

    public static void AddTo(RuleTable table)
    {
        table.Add((node, output) => TypeOrigin.Of(Inner(node, output)), Chosen, "If");
        table.Add((node, output) => TypeOrigin.Of(Inner(node, output + 1)), Looped, "Loop");
        table.Add((node, output) => TypeOrigin.Of(Inner(node, output)), Scanned, "Scan");
    }

    /// <summary>Whether a node runs its graph once for each of several steps.</summary>
    public static bool IsLoop(Node node) => node.Operator is ("", "Loop" or "Scan");

    private static Value? Inner(Node node, int index) =>
        node.Subgraphs.FirstOrDefault() is { } body && index < body.Outputs.Count ? body.Outputs[index] : null;

    // The branch that is taken, or what holds in both.
    private static TensorFacts Chosen(NodeFacts node, int output)
    {
        var branches = new[] { ThenBranch, ElseBranch }
            .Select(name => node.Node.FindAttribute(name) is { Kind: AttributeKind.Graph } branch ? branch.Graph : null)
            .Select(graph =>
                graph is not null && output < graph.Outputs.Count ? node.Of(graph.Outputs[output]) : TensorFacts.Unknown
            )
            .ToArray();
        return node.Single(0).Number is { } condition ? branches[condition != 0 ? 0 : 1] : branches[0].Or(branches[1]);
    }

    // The last states, and then what each step outputs, one after the other on a new first axis.
    private static TensorFacts Looped(NodeFacts node, int output)
    {
        if (Inner(node.Node, output + 1) is not { } value)
            return TensorFacts.Unknown;
        var states = node.Node.Inputs.Count - 2;
        if (output < states)
            return Final(node, value, output + 2);
        return node.Of(value).Axes is { } axes ? TensorFacts.Of([StepsOf(node), .. axes]) : TensorFacts.Unknown;
    }

    /// <summary>How many steps a Loop or Scan takes.</summary>
    public static Quantity StepsOf(NodeFacts node) =>
        node.Node.Operator.OperatorType == "Scan"
            ? node.Axis(node.Node.Inputs.Count - (int)node.Integer("num_scan_inputs", 1), ScanAxis(node.Node, 0))
            : LoopSteps(node);

    // Only a loop that cannot end early runs as often as it says.
    private static Quantity LoopSteps(NodeFacts node) =>
        node.Node.Subgraphs.First() is { Inputs: [_, var condition, ..] } body
        && (
            body.Outputs[0] == condition
            || (body.Outputs[0].Producer is { Operator: ("", "Identity") } copy && copy.Inputs[0] == condition)
        )
        && (!node.Has(1) || node.Single(1).Number is 1)
            ? node.Single(0)
            : Quantity.Unknown;

    // A state whose shape the steps change is known by what stays the same; with no steps it is the first state.
    private static TensorFacts Final(NodeFacts node, Value state, int input) =>
        (node.Input(input) with { Contents = null }).Or(node.Of(state) with { Contents = null });

    private static TensorFacts Scanned(NodeFacts node, int output)
    {
        if (Inner(node.Node, output) is not { } value)
            return TensorFacts.Unknown;
        var scanned = (int)node.Integer("num_scan_inputs", 1);
        var states = node.Node.Inputs.Count - scanned;
        if (output < states)
            return Final(node, value, output);
        if (node.Of(value).Axes is not { } axes)
            return TensorFacts.Unknown;
        var axis = node.Integers("scan_output_axes") is { } given ? given[output - states] : 0;
        return NodeFacts.Place(axis, axes.Length + 1) is { } place
            ? TensorFacts.Of([.. axes[..place], StepsOf(node), .. axes[place..]])
            : TensorFacts.Unknown;
    }

    /// <summary>The axis that a Scan walks along in one of its scanned inputs.</summary>
    public static int ScanAxis(Node node, int scanned) =>
        node.FindAttribute("scan_input_axes") is { } axes && scanned < axes.Integers.Length
            ? (int)axes.Integers[scanned]
            : 0;
}
