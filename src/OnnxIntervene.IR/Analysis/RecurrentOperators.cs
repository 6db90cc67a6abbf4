namespace OnnxIntervene.IR.Analysis;

/// <summary>GRU, LSTM and RNN: sequences in one operator.</summary>
internal static class RecurrentOperators
{
    private const int SequenceLengths = 4;

    /// <summary>Whether the node is one.</summary>
    public static bool Is(Node node) => node.Operator.OperatorType is "GRU" or "LSTM" or "RNN";

    /// <summary>
    /// Why the states of its steps cannot be reached, as text that follows the node; null where they can.
    /// </summary>
    public static string? Refusal(Node node) =>
        node.FindAttribute("direction") is { Text: not "forward" } direction
            ? $"has {direction}; only states of a forward pass can be reached."
        : node.InputOrNull(SequenceLengths) is not null || node.FindAttribute("layout") is { Integer: not 0 }
            ? "sets sequence_lens or layout, so that its states cannot be reached."
        : null;
}
