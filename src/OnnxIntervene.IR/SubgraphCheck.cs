namespace OnnxIntervene.IR;

/// <summary>
/// Compares the graphs that If, Loop and Scan hold with the node around them: how many values go in and come out (ONNX,
/// docs/Operators.md).
/// </summary>
internal static class SubgraphCheck
{
    /// <summary>What does not fit, for a sentence that begins with the node; null where all fits.</summary>
    /// <param name="node">A node whose own inputs, outputs and attributes are as the specification has them.</param>
    public static string? FaultOf(Node node) =>
        node.Operator switch
        {
            ("", "If") => Branch(node, "then_branch") ?? Branch(node, "else_branch"),
            ("", "Loop") => Body(node) is { } body ? Loop(node, body) : null,
            ("", "Scan") => Body(node) is { } body ? Scan(node, body) : null,
            _ => null,
        };

    // What is wrong with the attribute itself has been said.
    private static Graph? Body(Node node, string name = "body") =>
        node.FindAttribute(name) is { Kind: AttributeKind.Graph, ReferenceName.Length: 0 } body ? body.Graph : null;

    private static string? Branch(Node node, string name) =>
        Body(node, name) is not { } branch ? null
        : branch.Inputs.Count(input => !input.IsConstant) is > 0 and var count
            ? $": '{name}' has {count} inputs, but a branch has none"
        : branch.Outputs.Count < node.Outputs.Count
            ? $" has {node.Outputs.Count} outputs, but '{name}' has {branch.Outputs.Count}"
        : null;

    // The number of the step, whether it goes on, and the states go in; whether it goes on, the states and what is
    // gathered come out.
    private static string? Loop(Node node, Graph body) =>
        body.Inputs.Count != node.Inputs.Count
            ? $" has {node.Inputs.Count} inputs, and its body needs as many, but has {body.Inputs.Count}"
        : body.Outputs.Count < Math.Max(node.Inputs.Count - 1, node.Outputs.Count + 1)
            ? $" has {node.Inputs.Count} inputs and {node.Outputs.Count} outputs, which takes a body of at least "
                + $"{Math.Max(node.Inputs.Count - 1, node.Outputs.Count + 1)} outputs, but it has {body.Outputs.Count}"
        : null;

    private static string? Scan(Node node, Graph body)
    {
        // Until operator set 9 the lengths of sequences stood before the others.
        var inputs = body.Inputs.Count == node.Inputs.Count - 1 ? node.Inputs.Count - 1 : node.Inputs.Count;
        var scanned = node.FindAttribute("num_scan_inputs") is { Kind: AttributeKind.Integer } count
            ? count.Integer
            : 0;
        var states = inputs - scanned;
        if (scanned < 1 || states < 0)
            return $" scans {scanned} of its {inputs} inputs";
        if (body.Inputs.Count != inputs)
            return $" has {inputs} inputs, and its body needs as many, but has {body.Inputs.Count}";
        if (body.Outputs.Count < Math.Max(node.Outputs.Count, states))
            return $" has {node.Outputs.Count} outputs and {states} states, but its body has {body.Outputs.Count}";
        return List(node, "scan_input_axes", scanned)
            ?? List(node, "scan_input_directions", scanned)
            ?? List(node, "scan_output_axes", body.Outputs.Count - states)
            ?? List(node, "scan_output_directions", body.Outputs.Count - states);
    }

    private static string? List(Node node, string name, long count) =>
        node.FindAttribute(name) is { Kind: AttributeKind.Integers, Integers: { Length: var length } }
        && length != count
            ? $": '{name}' has {length} entries, but needs {count}"
            : null;
}
